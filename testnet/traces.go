package testnet

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"
)

// A Trace is a place where something was found that should stand nowhere.
// It does not repeat what was found.
type Trace struct {
	Where  string // path of the file below the directory, or name of the recording
	Offset int64
	Form   string // how it was written: plain, UTF-16, base64, hex, JSON, URL
	Needle int    // index in the list that was searched for
}

// window is what one look at the bytes compares. No form of a needle may be
// shorter.
const window = 8

// A Searcher looks for texts in bytes, in every form in which a program would
// write them by accident: as they are, as JSON escapes them, in UTF-16 of
// both orders, in base64 of both alphabets at each of the three alignments, in
// hexadecimal of both cases, and as URLs escape them. It looks once at each byte.
type Searcher struct {
	first [1 << 16]bool     // first two bytes of some form
	forms map[uint64][]spot // first eight bytes of a form
	long  int               // longest form
}

type spot struct {
	bytes  []byte
	name   string
	needle int
}

// NewSearcher prepares a search. A needle of fewer than eight bytes is an
// error: it would be found by chance.
func NewSearcher(needles []string) (*Searcher, error) {
	s := &Searcher{forms: map[uint64][]spot{}}
	for i, needle := range needles {
		if len(needle) < window {
			return nil, fmt.Errorf("needle %d has %d bytes; it needs %d, or it is found by chance", i, len(needle), window)
		}
		for _, f := range formsOf(needle) {
			key := binary.LittleEndian.Uint64(f.bytes)
			f.needle = i
			s.first[uint16(key)] = true
			s.forms[key] = append(s.forms[key], f)
			s.long = max(s.long, len(f.bytes))
		}
	}
	return s, nil
}

func formsOf(needle string) []spot {
	plain := []byte(needle)
	forms := []spot{{bytes: plain, name: "plain"}}
	add := func(name string, form []byte) {
		seen := slices.ContainsFunc(forms, func(s spot) bool { return bytes.Equal(s.bytes, form) })
		if len(form) >= window && !seen {
			forms = append(forms, spot{bytes: form, name: name})
		}
	}
	var little, big []byte
	var escaped strings.Builder
	for _, unit := range utf16.Encode([]rune(needle)) {
		little = binary.LittleEndian.AppendUint16(little, unit)
		big = binary.BigEndian.AppendUint16(big, unit)
		if unit < 0x80 {
			escaped.WriteByte(byte(unit))
		} else {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	add("JSON", []byte(escaped.String()))
	add("UTF-16", little)
	add("UTF-16", big)
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			// What stands before and after is unknown, so the characters that
			// share bits with it are left out.
			text := alphabet.EncodeToString(append(make([]byte, shift), plain...))
			from := (shift*8 + 5) / 6
			to := (shift + len(plain)) * 8 / 6
			add("base64", []byte(text[from:to]))
		}
	}
	add("URL", []byte(url.QueryEscape(needle)))
	add("URL", []byte(url.PathEscape(needle)))
	add("hex", []byte(hex.EncodeToString(plain)))
	add("hex", []byte(strings.ToUpper(hex.EncodeToString(plain))))
	return forms
}

// Search returns every place in data where a form of a needle stands.
func (s *Searcher) Search(data []byte) []Trace {
	var found []Trace
	for i := 0; i+window <= len(data); i++ {
		if !s.first[binary.LittleEndian.Uint16(data[i:])] {
			continue
		}
		for _, f := range s.forms[binary.LittleEndian.Uint64(data[i:])] {
			if bytes.HasPrefix(data[i:], f.bytes) {
				found = append(found, Trace{Offset: int64(i), Form: f.name, Needle: f.needle})
			}
		}
	}
	return found
}

// read searches a stream, piece by piece, each with the end of the one before.
func (s *Searcher) read(r io.Reader) ([]Trace, error) {
	const piece = 1 << 20
	var (
		found []Trace
		at    int64 // in the stream, of the first byte in buffer
		kept  int   // bytes at the start of buffer that were searched already
	)
	buffer := make([]byte, s.long+piece)
	nothing := make([]byte, len(buffer))
	for {
		n, err := io.ReadFull(r, buffer[kept:kept+piece])
		all := buffer[:kept+n]
		// Databases set files aside that are empty for the most part.
		if !bytes.Equal(all, nothing[:len(all)]) {
			for _, t := range s.Search(all) {
				t.Offset += at
				if !slices.Contains(found, t) {
					found = append(found, t)
				}
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		kept = min(s.long, len(all))
		at += int64(len(all) - kept)
		copy(buffer, all[len(all)-kept:])
	}
}

// SearchTraces reads every file below dir, and its name, and returns every
// place where a needle stands in a form that can be read without a key.
func SearchTraces(dir string, needles []string) ([]Trace, error) {
	s, err := NewSearcher(needles)
	if err != nil {
		return nil, err
	}
	var found []Trace
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		for _, t := range s.Search([]byte(name)) {
			t.Where = name
			found = append(found, t)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		traces, err := s.read(f)
		for _, t := range traces {
			t.Where = name
			found = append(found, t)
		}
		return errors.Join(err, f.Close())
	})
	return found, err
}
