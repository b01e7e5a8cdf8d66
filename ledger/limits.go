package ledger

// The bounds of this package, each with its reason.
const (
	// MaxEntry is the largest entry in bytes: an entry bundle of C2SP
	// tlog-tiles gives the length of an entry in 16 bits.
	MaxEntry = 1<<16 - 1

	// MaxHeader is the largest header in bytes, the empty line included. The
	// longest header that the field rules allow is shorter.
	MaxHeader = 1024

	// MaxPrivate is the room that is always left for the private part.
	MaxPrivate = MaxEntry - MaxHeader

	// MaxSize is the largest tree. No node comes near it; it keeps the numbering
	// of stored hashes (about twice the size) far inside 64 bits.
	MaxSize = 1 << 48

	// MaxProof is the largest number of hashes in a proof about a tree of at
	// most MaxSize entries: one per level and one more for consistency.
	MaxProof = 49

	// MaxCheckpoint is the largest signed checkpoint in bytes: the text, the
	// signature of the log and those of some sixty witnesses.
	MaxCheckpoint = 16 << 10

	// MaxCode is the longest code in a header, as in the catalogues.
	MaxCode = 64

	// MaxOrigin is the longest origin of a checkpoint.
	MaxOrigin = 128

	// TileWidth is the number of hashes or entries in a full tile (C2SP
	// tlog-tiles).
	TileWidth = 256

	// MaxTileLevel is the highest level a tile path can name (C2SP tlog-tiles).
	MaxTileLevel = 63

	// tileHeight is log2 of TileWidth.
	tileHeight = 8

	// maxFilledLevel is the highest level of which a tree of MaxSize has more
	// than one hash.
	maxFilledLevel = 5
)
