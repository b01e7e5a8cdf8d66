package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4"

	"sluis/durable"
)

// The version of a store is a number that rises when a program that knows the
// number before must not work with it: it covers the layout of the database
// (keys.go) and the form of the rows, which only the owner of the store knows. It
// stands in the database, and in a file beside it, in clear, so that a program
// that is too old finds out before it has opened anything. A store of version 1 has
// no such file.
//
// As bytes, in both places: "sluis-store/" and the number; in the file a newline.

const formatPrefix = "sluis-store/"

// FormatText is a version as it is written.
func FormatText(version int) string { return formatPrefix + strconv.Itoa(version) }

// parseFormat reads what [FormatText] wrote, and nothing else.
func parseFormat(text string) (version int, ok bool) {
	number, ok := strings.CutPrefix(text, formatPrefix)
	version, err := strconv.Atoi(number)
	return version, ok && err == nil && version > 0 && FormatText(version) == text
}

// Newer says that a store, or a backup, was written by a newer program than this
// one. Nothing was changed. The newer program opens it; this one opens a backup
// that was made before the upgrade.
type Newer struct {
	Found int // version that it has
	Known int // newest version that this program knows
}

func (e *Newer) Error() string {
	return fmt.Sprintf("store: written by a newer version of the program (storage version %d, this program knows %d)", e.Found, e.Known)
}

// version is the version that this program writes.
func (o Options) version() int { return 1 + len(o.Migration.Steps) }

// VersionOn is the version of the store in dir, which may be open, as the file
// beside it says.
func VersionOn(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, formatFile))
	if errors.Is(err, os.ErrNotExist) {
		return 1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("store: open: %w", err)
	}
	version, ok := parseFormat(string(bytes.TrimSuffix(text, []byte("\n"))))
	if !ok {
		return 0, &Inconsistent{File: formatFile, What: "not in the form that it was written in"}
	}
	return version, nil
}

// checkFormat refuses a store of a newer version without opening it.
func checkFormat(dir string, o Options) error {
	version, err := VersionOn(dir)
	if err == nil && version > o.version() {
		err = &Newer{Found: version, Known: o.version()}
	}
	return err
}

// writeFormat writes the file, whole or not at all, when it does not say so yet.
func writeFormat(dir string, version int) error {
	if version == 1 {
		return nil
	}
	path, text := filepath.Join(dir, formatFile), []byte(FormatText(version)+"\n")
	if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, text) {
		return nil
	}
	return durable.Replace(path, text, 0o600)
}

// versionIn is the version that the database itself has.
func versionIn(txn *badger.Txn) (int, error) {
	text, err := get(txn, []byte(formatKey))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	version, ok := parseFormat(string(text))
	if !ok {
		return 0, &Inconsistent{File: databaseDir, What: "not a database of a form that is known"}
	}
	return version, nil
}
