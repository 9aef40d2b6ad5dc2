// Which region is nearest: the order of a world's regions from a place on the earth. Pure.

/** A place on the earth, degrees. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

const earthRadiusKm = 6371;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Length of the great circle between two places, km (haversine formula). */
export function distanceKm(a: Place, b: Place): number {
  const latitude = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2;
  const longitude = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const h = latitude + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * longitude;
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The regions from the nearest to the farthest; regions equally far stand in the order of their names. */
export function byProximity<T extends { readonly name: string; readonly location: Place }>(
  regions: readonly T[],
  from: Place,
): T[] {
  return regions
    .map((region) => ({ region, km: distanceKm(region.location, from) }))
    .toSorted((a, b) => a.km - b.km || (a.region.name < b.region.name ? -1 : 1))
    .map(({ region }) => region);
}
