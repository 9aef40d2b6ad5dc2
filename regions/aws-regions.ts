// The AWS regions a world may name, with their place on the earth (nearest city; not the buildings).
import type { Continent } from "./schema.ts";

/** One AWS region. */
export interface AwsRegion {
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly continent: Continent;
  /** Zones that every account may use; three almost everywhere. */
  readonly zones: number;
}

function region(city: string, latitude: number, longitude: number, continent: Continent, zones = 3): AwsRegion {
  return { city, latitude, longitude, continent, zones };
}

/** The regions of the standard partition as of 2026-01. */
export const awsRegions: ReadonlyMap<string, AwsRegion> = new Map([
  ["af-south-1", region("Cape Town", -33.92, 18.42, "africa")],
  ["ap-east-1", region("Hong Kong", 22.32, 114.17, "asia")],
  ["ap-east-2", region("Taipei", 25.03, 121.57, "asia")],
  ["ap-northeast-1", region("Tokyo", 35.68, 139.69, "asia")],
  ["ap-northeast-2", region("Seoul", 37.57, 126.98, "asia")],
  ["ap-northeast-3", region("Osaka", 34.69, 135.5, "asia")],
  ["ap-south-1", region("Mumbai", 19.08, 72.88, "asia")],
  ["ap-south-2", region("Hyderabad", 17.39, 78.49, "asia")],
  ["ap-southeast-1", region("Singapore", 1.35, 103.82, "asia")],
  ["ap-southeast-2", region("Sydney", -33.87, 151.21, "oceania")],
  ["ap-southeast-3", region("Jakarta", -6.21, 106.85, "asia")],
  ["ap-southeast-4", region("Melbourne", -37.81, 144.96, "oceania")],
  ["ap-southeast-5", region("Kuala Lumpur", 3.14, 101.69, "asia")],
  ["ap-southeast-6", region("Auckland", -36.85, 174.76, "oceania")],
  ["ap-southeast-7", region("Bangkok", 13.76, 100.5, "asia")],
  ["ca-central-1", region("Montreal", 45.5, -73.57, "north-america")],
  ["ca-west-1", region("Calgary", 51.04, -114.07, "north-america")],
  ["eu-central-1", region("Frankfurt", 50.11, 8.68, "europe")],
  ["eu-central-2", region("Zurich", 47.38, 8.54, "europe")],
  ["eu-north-1", region("Stockholm", 59.33, 18.07, "europe")],
  ["eu-south-1", region("Milan", 45.46, 9.19, "europe")],
  ["eu-south-2", region("Zaragoza", 41.65, -0.88, "europe")],
  ["eu-west-1", region("Dublin", 53.35, -6.26, "europe")],
  ["eu-west-2", region("London", 51.51, -0.13, "europe")],
  ["eu-west-3", region("Paris", 48.86, 2.35, "europe")],
  ["il-central-1", region("Tel Aviv", 32.09, 34.78, "asia")],
  ["me-central-1", region("Dubai", 25.2, 55.27, "asia")],
  ["me-south-1", region("Bahrain", 26.07, 50.56, "asia")],
  ["mx-central-1", region("Querétaro", 20.59, -100.39, "north-america")],
  ["sa-east-1", region("São Paulo", -23.55, -46.63, "south-america")],
  ["us-east-1", region("Ashburn", 39.04, -77.49, "north-america")],
  ["us-east-2", region("Columbus", 39.96, -83, "north-america")],
  ["us-west-1", region("San Francisco", 37.77, -122.42, "north-america", 2)],
  ["us-west-2", region("Portland", 45.52, -122.68, "north-america")],
]);
