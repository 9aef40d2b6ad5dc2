// The map's projection: places on the earth to points of a picture, and the curve of a link between two of them. Pure.
import type { Place } from "./proximity.ts";

/** A point of the picture, in its units. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The part of the earth that is drawn, degrees. */
export const bounds = { west: -180, east: 180, north: 82, south: -60 } as const;

/** Height of a picture of this width. */
export function heightFor(width: number): number {
  return (width * (bounds.north - bounds.south)) / (bounds.east - bounds.west);
}

/** Equirectangular projection on a picture of this width; what lies south or north of the bounds is put on the edge. */
export function project(place: Place, width: number): Point {
  const perDegree = width / (bounds.east - bounds.west);
  const latitude = Math.min(bounds.north, Math.max(bounds.south, place.latitude));
  return { x: (place.longitude - bounds.west) * perDegree, y: (bounds.north - latitude) * perDegree };
}

/** A curve between two points: quadratic, with one control point. */
export interface Arc {
  readonly from: Point;
  readonly control: Point;
  readonly to: Point;
}

/**
 * The link between two places as a curve bent away from the equator. Where the short way leads over the 180th
 * meridian it is two curves, each half outside the picture: whoever draws them cuts them at its edges.
 */
export function arcs(a: Place, b: Place, width: number): Arc[] {
  const [west, east] = a.longitude <= b.longitude ? [a, b] : [b, a];
  const [from, to] = [project(west, width), project(east, width)];
  if (to.x - from.x <= width / 2) return [bent(from, to, width)];
  return [bent({ x: from.x + width, y: from.y }, to, width), bent(from, { x: to.x - width, y: to.y }, width)];
}

function bent(from: Point, to: Point, width: number): Arc {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const equator = project({ latitude: 0, longitude: 0 }, width).y;
  const away = middle.y <= equator ? -1 : 1;
  const lift = 0.22 * Math.abs(to.x - from.x) + 0.05 * Math.abs(to.y - from.y);
  const y = Math.min(heightFor(width) * 0.98, Math.max(0, middle.y + away * lift));
  return { from, control: { x: middle.x, y }, to };
}
