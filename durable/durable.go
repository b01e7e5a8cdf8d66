// Package durable writes files that are there whole after a crash, or not at all.
//
// Well-kept libraries that replace a file by renaming leave out that the name itself
// is only on disk once its directory was synced, and whose the file is.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// nextSuffix is of the file that is written before it takes the place of another.
const nextSuffix = ".next"

// Create writes a file that must not be there yet, with these permissions, and
// waits until its content is on disk; its name is once [SyncDir] was called, or
// [Replace] on another file of the directory. A file that could not be written whole
// is taken away again. The error is an [fs.PathError], with [fs.ErrExist] inside
// where there is one already.
func Create(path string, content []byte, perm fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(perm)); err == nil { // whatever the mask of the account is
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// Replace puts content in the place of the file at path, or makes it: after a
// crash, or an error, there is the old content or the new, whole. A file that root
// replaces stays with the account whose it was. Two writers of one file take turns
// outside.
func Replace(path string, content []byte, perm fs.FileMode) error {
	before, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	next := path + nextSuffix
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a writer that did not get to its end
		return err
	}
	if err := Create(next, content, perm); err != nil {
		return err
	}
	if err := move(next, path, before); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return SyncDir(filepath.Dir(path))
}

// move gives a file the name of another, and its owner where there is one.
func move(from, to string, before fs.FileInfo) error {
	if before != nil {
		if err := giveTo(from, before); err != nil {
			return err
		}
	}
	return os.Rename(from, to)
}

// SyncDir waits until the names in a directory are on disk.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
