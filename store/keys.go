package store

import (
	"encoding/binary"
	"strings"
)

// The layout of the database. Numbers are eight bytes, big end first; names are
// printable ASCII, and a zero byte ends a name where another follows or where
// the key must not be the beginning of another key: what is destroyed is dropped
// by prefix.
// No key holds personal data.
//
//	key                        value
//	c<name>                    settings of the store: format, origin, and the move to a newer format while it lasts
//	e<index>                   bytes of a ledger entry (ledger.Entry)
//	h<index>                   hashes that this entry completed: its leaf, then one per level
//	k<dossier> 0               record key, wrapped under the master key
//	r<table> 0 <key> 0         row, sealed under the record key of its dossier (row.go)
//	d<dossier> 0 <table> 0 <key> 0     empty: the row belongs to this dossier
//	i<index key> 0 <table> 0 <key> 0   empty: the row has this index key
//	x<dossier>                 the dossier was destroyed (destroy.go)
//	o<id>                      outgoing message, sealed under the record key of the node
//	s<issuer> 0 <id>           handled message and what was answered (row.go)

const (
	configPrefix   = "c"
	entryPrefix    = "e"
	hashesPrefix   = "h"
	recordPrefix   = "k"
	rowPrefix      = "r"
	dossierPrefix  = "d"
	indexPrefix    = "i"
	gonePrefix     = "x"
	outboxPrefix   = "o"
	seenPrefix     = "s"
	nameEnd        = "\x00"
	formatKey      = configPrefix + "format"
	originKey      = configPrefix + "origin"
	movingKey      = configPrefix + "moving" // there only while rows are made those of a newer version, see migrate.go
	masterKey      = configPrefix + "master" // name of the master key under which everything is, see master.go; there when it was ever replaced
	purgeKey       = configPrefix + "purge"  // there only while a purge runs, see destroy.go
	numberedKeyLen = 1 + 8
)

func numbered(prefix string, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(prefix), n)
}

func entryKey(index uint64) []byte  { return numbered(entryPrefix, index) }
func hashesKey(index uint64) []byte { return numbered(hashesPrefix, index) }

// numberOf returns the number at the end of a numbered key.
func numberOf(key []byte) (uint64, bool) {
	if len(key) != numberedKeyLen {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}

func recordKeyKey(dossier string) []byte { return []byte(recordPrefix + dossier + nameEnd) }
func rowKey(table, key string) []byte    { return []byte(rowPrefix + table + nameEnd + key + nameEnd) }
func tablePrefix(table string) []byte    { return []byte(rowPrefix + table + nameEnd) }
func dossierKeys(dossier string) []byte  { return []byte(dossierPrefix + dossier + nameEnd) }
func indexKeyPrefix(index string) []byte { return []byte(indexPrefix + index + nameEnd) }
func goneKey(dossier string) []byte      { return []byte(gonePrefix + dossier) }
func outboxKey(id string) []byte         { return []byte(outboxPrefix + id) }
func seenKey(issuer, id string) []byte   { return []byte(seenPrefix + issuer + nameEnd + id) }

func indexKey(index, table, key string) []byte {
	return []byte(indexPrefix + index + nameEnd + table + nameEnd + key + nameEnd)
}

func dossierKey(dossier, table, key string) []byte {
	return []byte(dossierPrefix + dossier + nameEnd + table + nameEnd + key + nameEnd)
}

// afterKey is where a listing goes on behind a row, or where it begins when key
// is empty.
func afterKey(table, key string) []byte {
	if key == "" {
		return tablePrefix(table)
	}
	return rowKey(table, key)
}

// splitKey returns the row that an index key or the key of a dossier's row leads
// to.
func splitKey(key []byte) (table, name string, ok bool) {
	parts := strings.Split(string(key[1:]), nameEnd)
	if len(parts) != 4 || parts[3] != "" {
		return "", "", false
	}
	return parts[1], parts[2], true
}
