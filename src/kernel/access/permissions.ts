/** Permissions: `resource:action`, the resource in parts joined by dots, such as `ledger.account:read`. */
import { accessError } from './errors.ts';

const PERMISSION = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*:[a-z][a-z0-9_]*$/;
const PATTERN = /^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?):(\*|[a-z][a-z0-9_]*)$/;

/** Whether a text names one permission. */
export function isPermission(text: string): boolean {
  return PERMISSION.test(text);
}

/**
 * A permission, or several by wildcards: `ledger.*:read` (whatever begins with `ledger.`), `*:read`, `ledger.account:*`.
 *
 * @throws `permission_malformed`
 */
export function checkPattern(text: string): string {
  if (text.length > 128 || !PATTERN.test(text)) {
    throw accessError(
      'permission_malformed',
      'A permission is resource:action in lower case, with * for any action, any resource, or the rest of one',
    );
  }
  return text;
}

/** Whether a pattern covers a permission. */
export function covers(pattern: string, permission: string): boolean {
  const [resource = '', action = ''] = pattern.split(':');
  const [wantedResource = '', wantedAction = ''] = permission.split(':');
  if (action !== '*' && action !== wantedAction) return false;
  if (resource === '*' || resource === wantedResource) return true;
  return resource.endsWith('.*') && wantedResource.startsWith(resource.slice(0, -1));
}
