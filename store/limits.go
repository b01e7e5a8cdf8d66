package store

// The bounds of this package, each with its reason.
const (
	// MaxValue is the largest value of a row and the largest outgoing message.
	// With what is put around it, it stays below the size at which Badger would
	// move it to its value log, whose sync errors are logged but not returned.
	MaxValue = 1<<20 - 4096

	// MaxChange is the largest change: the sum of its keys and values as they
	// are stored. A Badger transaction holds 15% of the memtable of 16 MiB.
	MaxChange = maxBatchBytes

	// maxBatchBytes and maxBatchRows bound a group commit, with room to spare
	// before ErrTxnTooBig (about 2.4 MiB, 26,000 rows at a memtable of 16 MiB).
	maxBatchBytes = 2 << 20
	maxBatchRows  = 8192

	// maxBatchUnits bounds how many changes wait for one another.
	maxBatchUnits = 256

	// maxEvents and maxRows bound one change. Both are far above what one act
	// does; a change that large is a mistake.
	maxEvents = 64
	maxRows   = 1024

	// maxDestroyed is the number of rows that one change removes with a dossier.
	// When there are more, the rest is removed by the next one.
	maxDestroyed = 512

	// maxIndex is the number of index keys of a row, which is written in a byte.
	maxIndex = 64

	// maxTable and maxKey keep the parts of a database key small; a key is kept
	// in memory by the indexes of the database.
	maxTable = 64
	maxKey   = 256

	// maxList bounds what one call of a view returns.
	maxList = 1000

	// keyringSize is the number of record keys that are kept unwrapped.
	keyringSize = 1024

	// smallLedger is the number of entries below which the proof at start leaves
	// too little in memory to be worth giving back.
	smallLedger = 10_000

	// openReserve is the space without which Open does not start the database:
	// it makes and fills files of up to 32 MiB by memory map while opening, and a
	// full disk would kill the process.
	openReserve = 128 << 20
)

// isName reports whether s can be part of a database key: printable ASCII
// without spaces.
func isName(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
