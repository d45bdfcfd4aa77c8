-- Layouts of reports are no secret; the numbers come from the ledger, which has policies of its own.
call kernel.protect('reports.definition', 'true');
