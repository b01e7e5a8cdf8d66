// Package logboek tells the organisation's own processing log which processing
// of personal data the node did: it turns ledger entries into log lines of the
// standard Logboek Dataverwerkingen (Logius, version 1.0.0, adopted 9 April
// 2026) and hands them to a collector over OpenTelemetry (OTLP over HTTP).
//
//   - kinds.go: which events are processing, as a table;
//   - record.go: one entry as log lines, a pure function;
//   - otlp.go: log lines as OTLP spans; collector.go: one upload;
//   - follow.go: the duty that follows the ledger; cursor.go: how far it came.
//
// The ledger is the truth and this is a copy of a part of it: the header of an
// entry, and a pseudonym if the organisation wants one. The private part of an
// entry is never opened here. Who looked or decided does not leave (§2.3.4 of
// the standard), nor which items or grounds.
//
// docs/logboek.md shows every field that leaves the node.
package logboek

// Standard names what the records are made after.
const Standard = "Logboek Dataverwerkingen 1.0.0"
