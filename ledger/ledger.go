// Package ledger is the log of a node as bytes and hashes: what an entry looks
// like, how entries become one tree, how the state of the tree is signed, and
// how to prove what is in it.
//
// # What a ledger is
//
// An [Entry] is a [Header] in clear, without personal data, and a private part
// that is ciphertext to this package. The bytes of an entry are a leaf of a
// Merkle tree (RFC 6962, SHA-256). A [Checkpoint] is the size and root of that
// tree in the form of C2SP tlog-checkpoint, signed as a C2SP signed note; others
// who checked it may cosign it (C2SP tlog-cosignature, [Cosigner]). The hashes and entries are laid out as C2SP tlog-tiles, so that any monitor or
// witness that reads those formats can follow the ledger.
//
// Because the leaf is a hash over ciphertext, destroying the key of the private
// part leaves every proof as it was.
//
// # How to read the code
//
// header.go and entry.go are the format of an entry; tree.go grows the tree;
// proof.go proves and checks; checkpoint.go signs, cosignature.go for others; tiles.go is the layout for
// those who fetch; limits.go has every bound. docs/protocol/30-ledger.md says
// the same for a second implementer, with vectors that the tests read.
//
// # What this package does not know
//
// Files, databases, clocks, networks, keys at rest, and what an entry means.
// It starts no goroutine. Stored hashes are read through a function that the
// caller hands over ([Reader]).
package ledger
