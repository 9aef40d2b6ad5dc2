// The certificates of a PEM text. RFC 7468 §5.
import { X509Certificate } from "node:crypto";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Every certificate of a text. @throws Error, in words that follow the name of what holds it, for none or a broken one */
export function certificatesOf(text: string): X509Certificate[] {
  const blocks = text.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new Error("has no PEM certificate (-----BEGIN CERTIFICATE-----)");
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new Error(`has a broken certificate: ${(error as Error).message}`);
  }
}
