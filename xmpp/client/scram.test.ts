// The client's side of SCRAM against the RFCs' examples.
import { expect, test } from "@jest/globals";
import { startScram } from "./scram.ts";

/** RFC 7677 §3. */
test("SCRAM-SHA-256 as in the RFC's example", () => {
  const scram = startScram({ hash: "SHA-256", user: "user", password: "pencil", nonce: "rOprNGfwEbeRWgbNEkqO" });
  expect(scram.first).toBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  expect(scram.proves("v=")).toBe(false);
  expect(scram.final(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`)).toBe(
    `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  );
  expect(scram.proves("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")).toBe(true);
  expect(scram.proves("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95H4=")).toBe(false);
  expect(() => scram.final("r=other,s=W22Z,i=4096")).toThrow("SCRAM is wrong");
  expect(() => scram.final(`r=${nonce},s=W22Z,i=1`)).toThrow("SCRAM is wrong");
});

/** RFC 5802 §5. */
test("SCRAM-SHA-1 as in the RFC's example", () => {
  const scram = startScram({ hash: "SHA-1", user: "user", password: "pencil", nonce: "fyko+d2lbbFgONRv9qkxdawL" });
  expect(scram.final("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")).toBe(
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
  );
  expect(scram.proves("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")).toBe(true);
});

test("names are escaped, and what the binding says is in the header and the proof", () => {
  const scram = startScram({
    hash: "SHA-512",
    user: "a=b,c",
    password: "p",
    authzid: "d,e",
    flag: "p=tls-exporter",
    binding: Buffer.from("bound"),
    nonce: "n",
  });
  expect(scram.first).toBe("p=tls-exporter,a=d=2Ce,n=a=3Db=2Cc,r=n");
  const header = Buffer.from("p=tls-exporter,a=d=2Ce,bound").toString("base64");
  expect(scram.final("r=nx,s=c2FsdA==,i=4096")).toContain(`c=${header},r=nx,p=`);
});
