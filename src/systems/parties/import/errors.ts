import { defineErrors } from '#kernel/errors';

export const partyImportError = defineErrors({
  party_import_file_missing: { status: 422, title: 'The file cannot be read' },
  party_import_format_unknown: { status: 422, title: 'The kind of file is not known' },
  party_import_header_invalid: { status: 422, title: 'The header of the file is not one of parties' },
  party_import_source_invalid: { status: 422, title: 'The name of the source is not valid' },
  party_import_unit_unknown: { status: 422, title: 'The unit is not known' },
  party_import_book_missing: { status: 422, title: 'The bank was not imported yet' },
  party_import_differs: { status: 409, title: 'The record was imported with other content' },
});

/** Why a row is refused by itself. Codes of parties' own rules (`identifier_check_digit_wrong`, …) come besides. */
export const ROW_CODES = [
  'row_malformed',
  'row_too_long',
  'field_missing',
  'field_unknown',
  'field_invalid',
  'field_not_for_kind',
  'external_key_repeated',
  'imported_differs',
] as const;
