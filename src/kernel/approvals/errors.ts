import { defineErrors } from '#kernel/errors';

export const approvalError = defineErrors({
  approval_not_found: { status: 404, title: 'Approval request not found' },
  approval_decided: { status: 409, title: 'Approval request is decided' },
  approval_expired: { status: 409, title: 'Approval request has expired' },
  approval_outdated: { status: 409, title: 'What was asked for no longer fits' },
  approval_by_maker: { status: 403, title: 'Maker and checker must differ' },
  approval_about_oneself: { status: 403, title: 'Nobody decides about themselves' },
  approval_by_machine: { status: 403, title: 'Only people approve' },
  approval_not_yours: { status: 403, title: 'Not your request' },
});
