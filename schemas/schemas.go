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
//   - catalogues/: purposes, items, grounds and domains, in the shape that
//     exchange.ParseLaw reads. Another order in council under art. 2.3a.5 Wmo
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

import _ "embed"

var (
	//go:embed catalogues/purposes.json
	purposes string
	//go:embed catalogues/items.json
	items string
	//go:embed catalogues/grounds.json
	grounds string
	//go:embed catalogues/domains.json
	domains string
	//go:embed config.example.toml
	configExample string
)

// Purposes is the purpose catalogue (doelencatalogus), a JSON document.
func Purposes() []byte { return []byte(purposes) }

// Items is the data catalogue (gegevenscatalogus), a JSON document.
func Items() []byte { return []byte(items) }

// Grounds is the catalogue of grounds for withholding (weigeringsgronden), a
// JSON document.
func Grounds() []byte { return []byte(grounds) }

// Domains names the domains and tasks that the other catalogues and the
// register refer to, a JSON document.
func Domains() []byte { return []byte(domains) }

// ConfigExample is a configuration file (TOML) that shows every key with its
// default.
func ConfigExample() []byte { return []byte(configExample) }
