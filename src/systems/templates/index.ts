/** Posting templates: named, versioned, parameterised postings. See README.md. */
export { check, type Finding, type FindingCode } from './check.ts';
export type { Definition } from './definition.ts';
export { exampleTemplates } from './examples.ts';
export { type AccountFacts, type Expansion, expand, factsOf, sourcesOf } from './expand.ts';
export { postingJson, previewJson, templateJson } from './json.ts';
export { templateRoutes } from './routes.ts';
export {
  openTemplates,
  type Posted,
  type PostingRequest,
  type Preview,
  readDefinition,
  type Templates,
  type TemplatesDeps,
} from './service.ts';
export type { Posting, TemplateVersion } from './store.ts';
export { readParameters, type Value } from './values.ts';
