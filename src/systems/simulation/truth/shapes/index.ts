import type { Shape } from '../../parameters/load.ts';
import type { Draft } from '../draft.ts';
import { bipartite, cycle, fanIn, fanOut, scatterGather, stacked } from './flows.ts';
import {
  awakening,
  collection,
  deception,
  insider,
  loanStacking,
  network,
  passThrough,
  structuring,
  takeover,
} from './schemes.ts';

/** Thinks out a pattern of each shape. */
export const builders: Readonly<Record<Shape, (draft: Draft) => void>> = {
  fan_in: fanIn,
  fan_out: fanOut,
  cycle,
  scatter_gather: scatterGather,
  bipartite,
  stacked,
  structuring,
  pass_through: passThrough,
  network,
  collection,
  deception,
  takeover,
  awakening,
  loan_stacking: loanStacking,
  insider,
};
