// Package schemas holds what Sluis lays down as data: the form of its messages
// and files (JSON Schema 2020-12), the catalogues of purposes, data items,
// grounds and domains, and the texts that people read when something is
// refused. All of it is embedded in the program.
//
// # How to read the folder
//
//   - message.*.json and disclosure.item.json: what passes between nodes, with
//     the parts that they share in common.json. [Validate] holds documents to
//     them.
//   - catalogues/: purposes, triggers, statements, domains, items, weighings,
//     grounds and conditions, in the shape that exchange.ParseLaw reads. Another order in council under art. 2.3a.5 Wmo
//     2015 is another catalogue, not another program. README.md lists the codes.
//   - texts.json: every error code with its status, exit code, and what to do,
//     in Dutch and English; docs/errors.md is made from it. See [Text].
//   - config.json and config.example.toml: the configuration of a node.
//
// # What this package does not know
//
// Any other room: what a code means is for exchange, what is done about an error
// for the doors. It opens no file, starts no goroutine and keeps no state but the
// schemas it compiled.
package schemas

import (
	"embed"
	"path"
	"strings"
)

var (
	//go:embed catalogues/*.json
	catalogues embed.FS
	//go:embed config.example.toml
	configExample string
)

// Catalogues are the catalogues of the law by name (purposes, triggers,
// statements, domains, items, weighings, grounds, conditions), each a JSON document in the
// shape that exchange.ParseLaw reads. They are what a node follows until its
// register brings others.
func Catalogues() map[string][]byte {
	all := map[string][]byte{}
	entries, err := catalogues.ReadDir("catalogues")
	if err != nil {
		return all // the directory is in the program: a test holds that it is complete
	}
	for _, e := range entries {
		if text, err := catalogues.ReadFile(path.Join("catalogues", e.Name())); err == nil {
			all[strings.TrimSuffix(e.Name(), ".json")] = text
		}
	}
	return all
}

// ConfigExample is a configuration file (TOML) that shows every key with its
// default.
func ConfigExample() []byte { return []byte(configExample) }
