// Package crypto holds the cryptography of Sluis as a few functions that are
// hard to use wrongly: keys at rest, signed statements, sealed messages,
// selective disclosure, record keys and pseudonyms.
//
// # What it promises
//
//   - Secrets do not print. fmt, slog and encoding/json give "(hidden)" or an
//     error for [Keys], [Secret], [Identity], [RecordKey] and [Lock], also
//     where they sit in an unexported field of another struct.
//   - What is accepted has one form. A signed token, a general signature
//     document and a disclosure are refused unless they are written in the one
//     way that this package writes them, so a digest can name them. See sign.go.
//   - Nothing is handed out before it is authenticated. [Open] returns the
//     plaintext after the last byte was checked, or nothing.
//   - Everything sealed to a party is sealed with the hybrid post-quantum
//     recipients of age. Others are refused, not mixed in.
//
// # What it does not know
//
// Parties, exchanges, files, clocks and networks. Whether a key is valid at
// some moment, and whose it is, is the register's business; the callers of
// [Verify] look keys up and say which types they expect. It imports nothing of
// ours. The JOSE library is used in sign.go alone and the age library in
// keystore.go, lock.go, seal.go and stream.go alone; no type of either appears in an
// exported signature, so that each can be replaced here.
//
// The byte formats are written down in docs/protocol/10-crypto.md.
package crypto
