import { defineErrors } from '#kernel/errors';

export const partyImportError = defineErrors({
  party_import_file_missing: { status: 422, title: 'The file cannot be read' },
  party_import_format_unknown: { status: 422, title: 'The kind of file is not known' },
  party_import_header_invalid: { status: 422, title: 'The header of the file is not one of parties' },
  party_import_source_invalid: { status: 422, title: 'The name of the source is not valid' },
  party_import_unit_unknown: { status: 422, title: 'The unit is not known' },
  party_import_book_missing: { status: 422, title: 'The bank was not imported yet' },
});
