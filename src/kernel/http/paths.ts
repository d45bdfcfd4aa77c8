/** Where rooms add their routes. */
export const API_PREFIX = '/api/v1';

const OPEN = ['/api/docs', '/api/openapi.json', '/api/auth'];

/**
 * Whether a path (of a route or of a request) needs a token: all below /api/ except the description of the API and
 * the way in.
 */
export function needsToken(path: string): boolean {
  if (!path.startsWith('/api/') && path !== '/api') return false;
  return !OPEN.some((open) => path === open || path.startsWith(`${open}/`));
}
