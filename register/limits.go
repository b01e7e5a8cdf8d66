package register

import "sluis/crypto"

// Bounds of what is read. A register of 5,000 parties is some 24 MiB, of which a
// hybrid recipient of 1,959 characters is most.
const (
	// MaxBundle bounds a bundle in bytes.
	MaxBundle = 32 << 20

	// MaxRoots bounds the chain: one rotation a month for twenty years.
	MaxRoots = 256

	// MaxAuthorities bounds the keys of a root.
	MaxAuthorities = crypto.MaxSignatures

	maxRoot        = 64 << 10 // bytes of one root document
	maxName        = 200      // characters of a name or a field of a contact
	maxCapacities  = 64
	maxAddresses   = 16
	maxAddress     = 256 // bytes
	maxKeys        = 64  // with those that have ended
	maxRecipients  = 4   // of one party; a message to it carries 1.6 kB for each
	maxCatalogues  = 16
	maxContents    = 4 << 20 // bytes of all catalogues together; those of schemas are 125 kB
	maxNesting     = 16      // how deep a catalogue nests
	maxCheckpoint  = 256     // bytes of a verifier key
	rootType       = "sluis-root+jws"
	registerType   = "sluis-register+jws"
	bundleRoots    = `{"roots":[`
	bundleRegister = `],"register":`
	bundleEnd      = `}`

	bundleCatalogues    = `,"catalogues":[`
	bundleCataloguesEnd = `]`
	bundleSeparator     = `,`
)
