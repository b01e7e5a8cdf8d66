// Package audit is what a regulator (toezichthouder) runs: it reads what a
// party handed over of its ledger, believes none of it, and says what can't be
// true, what is missing and who left it out.
//
// # How to read the code
//
// A bundle is a stream of frames (frame.go): a [Head] (head.go), the registers
// of the time, every entry of the ledger with the key of its private part and
// its message where the scope covers them (scope.go), the signed checkpoint, and
// an end that binds the party to all of it. [Writer] (write.go) makes one at a
// node, [Verify] (verify.go) checks one in a single pass: entry.go the entries,
// part.go their private parts, message.go the messages, register.go the keys of
// the time, seal.go what is signed over all of it. [Reconcile] (reconcile.go)
// lays bundles of several parties side by side. What is found is a [Finding]
// (finding.go), with words for people in words.go.
//
// docs/protocol/60-audit.md says the same for a second implementer.
//
// # What it must not do
//
// Trust: no file, key or claim of the party counts until something else proves
// it. Know a node: it links neither libp2p nor Badger, reads no clock and starts
// no goroutine, so that it can be read and run by somebody who wants neither.
// Tell anything of a person: findings hold numbers of entries, kinds and OINs.
package audit

// Format names the form of a bundle. A published form is never changed in place.
const Format = "sluis-audit/1"

// The bounds of what is read, each with its reason.
const (
	maxHead  = 4 << 20  // the dossiers of one person: 37 bytes each
	maxHeld  = 64 << 10 // a checkpoint with cosignatures in JSON
	maxAlarm = 1 << 20  // two checkpoints and a proof in JSON
	maxEnd   = 4 << 10

	// maxListed is how many findings of one code are kept in full; the others
	// are counted. A ledger in which all is wrong must not fill the memory.
	maxListed = 100
)
