import { expFloat64 } from '../../numeric/exp64.ts';

/** lime's kernel: the square root of e^(-(distance / width)²). */
export function limeWeight(distance: number, width: number): number {
  return Math.sqrt(expFloat64(-(distance * distance) / (width * width)));
}
