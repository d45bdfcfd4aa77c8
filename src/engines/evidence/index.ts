/** The evidence engine: Merkle logs that outsiders can verify. See README.md. */
export { fastNodeHash, leafHashes } from './grow.ts';
export { type Keyring, listSigningKeys, openKeyring, type SigningKey, verifierKeys } from './keys.ts';
export {
  consistencyProof,
  inclusionProof,
  type KeptCheckpoint,
  latestCheckpoint,
  listCheckpoints,
  signLog,
} from './log.ts';
export { type Marker, openMarker } from './marks.ts';
export * from './pure.ts';
export { exportLog, type LogSource, logRoutes, type Resource, readResource } from './serve.ts';
export {
  type Appended,
  append,
  appendHashes,
  createLog,
  hashesOfRanges,
  type Log,
  type LogKey,
  lockLog,
  readLog,
} from './store.ts';
export { type LogFinding, type LogVerifyOptions, logChecks, verifyLog } from './verify.ts';
