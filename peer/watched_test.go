//go:build race

package peer_test

// largeRegister is smaller where the race detector watches: signing 5,000 parties
// takes it minutes.
const largeRegister = 250
