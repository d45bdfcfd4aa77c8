import { defineErrors } from '#kernel/errors';

export const evidenceError = defineErrors({
  evidence_log_not_found: { status: 404, title: 'Evidence log not found' },
  evidence_tile_not_found: { status: 404, title: 'Tile not found' },
  evidence_index_out_of_range: { status: 404, title: 'Not in the log yet' },
  evidence_checkpoint_not_found: { status: 404, title: 'No such checkpoint' },
  evidence_size_invalid: { status: 422, title: 'Not a size of this log' },
  evidence_key_malformed: { status: 422, title: 'Malformed verifier key' },
  evidence_note_malformed: { status: 422, title: 'Malformed signed note' },
  evidence_checkpoint_malformed: { status: 422, title: 'Malformed checkpoint' },
  evidence_signature_invalid: { status: 422, title: 'Wrong signature' },
  evidence_proof_malformed: { status: 422, title: 'Malformed proof' },
  evidence_proof_invalid: { status: 422, title: 'The proof does not hold' },
  evidence_entry_too_long: { status: 422, title: 'Entry too long for a log' },
  evidence_log_inconsistent: { status: 500, title: 'The log contradicts its own checkpoint' },
  evidence_key_unavailable: { status: 500, title: 'Private signing key not at hand' },
});
