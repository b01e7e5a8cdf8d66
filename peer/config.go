package peer

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/transport"
)

// Config is the file sluis.toml in the directory of the node. An unknown key
// is an error. schemas/config.example.toml shows every key.
type Config struct {
	// Listen holds the addresses on which peers reach this node, as libp2p
	// multiaddresses. Default: UDP (QUIC, unless that is off) and TCP port 4001 on all
	// interfaces.
	Listen []string `toml:"listen"`

	// Announce holds the addresses that the register gives to others, where
	// they differ from Listen, as behind a router. Default: Listen.
	Announce []string `toml:"announce"`

	// Relays holds the addresses of the relays at which this node, which partners
	// cannot call directly, keeps a place: multiaddresses that end in /p2p/ and the
	// ID of the relay. The register then gives these to others as well. Default:
	// none, partners call this node itself.
	Relays []string `toml:"relays"`

	// Proxy is an HTTP proxy through which the node calls others over TCP
	// (CONNECT), such as http://proxy.example.nl:3128. Default: none.
	Proxy string `toml:"proxy"`

	// QUIC switches QUIC on. Off helps where a firewall drops UDP without
	// saying so, since each connection then waits for it. Default: true.
	QUIC bool `toml:"quic"`

	Limits    Limits    `toml:"limits"`
	Decisions Decisions `toml:"decisions"`
	Register  Renewal   `toml:"register"`
	Delivery  Delivery  `toml:"delivery"`
	Retention Retention `toml:"retention"`
	Backup    Backup    `toml:"backup"`
	Witness   Witness   `toml:"witness"`
	Mirror    Mirror    `toml:"mirror"`
	Log       Log       `toml:"log"`
	Metrics   Metrics   `toml:"metrics"`
	Tracing   Tracing   `toml:"tracing"`
	Logboek   Logboek   `toml:"logboek"`
	Signing   Signing   `toml:"signing"`
	Console   Console   `toml:"console"`
	API       API       `toml:"api"`
}

// Limits bounds what the node uses and gives.
type Limits struct {
	// MinFreeBytes is the space on the disk below which the node accepts
	// nothing new. A full disk kills the process, so this is a reserve, not a
	// warning. Default: 1 GiB.
	MinFreeBytes int64 `toml:"min_free_bytes"`

	// MemoryBytes is what the node aims to stay below: the Go runtime collects
	// harder when it comes near (GOMEMLIMIT in the environment replaces that), and
	// partners together can make the node hold no more than this in messages that
	// are under way, one partner a quarter of it. The unit of systemd ends a node
	// that uses twice as much. Default: 1 GiB.
	MemoryBytes int64 `toml:"memory_bytes"`

	// PerIP bounds connections from one address. Raise it when many
	// organisations share one. Default: 256.
	PerIP int `toml:"per_ip"`

	// StreamsPerPeer bounds what one peer can have open. Default: 512.
	StreamsPerPeer int `toml:"streams_per_peer"`

	// OpenRequests bounds the requests of one partner on which nobody has
	// decided; RequestsPerDay and BytesPerDay what it may bring in a day. More
	// is not lost: the partner's node keeps it and tries again. Default: 1000,
	// 5000 and 256 MiB.
	OpenRequests   int   `toml:"open_requests"`
	RequestsPerDay int   `toml:"requests_per_day"`
	BytesPerDay    int64 `toml:"bytes_per_day"`
}

// leastMemory is what a node needs: the database alone has 80 MiB in memory, and a
// partner must be able to send a whole register.
const leastMemory = 512 << 20

// Decisions says what the organisation chose for itself within the law.
type Decisions struct {
	// FourEyes lists the purposes for which a second professional must see a
	// decision before it leaves (vier ogen). Default: none.
	FourEyes []exchange.PurposeCode `toml:"four_eyes"`
}

// Renewal says how the register is kept fresh.
type Renewal struct {
	// ExchangeEvery is how often the node compares its register with its
	// peers. Default: 1h.
	ExchangeEvery Duration `toml:"exchange_every"`
}

// Delivery says how patient the node is with a partner that is down.
type Delivery struct {
	// FirstPause is the pause after the first failed attempt; it doubles with
	// each further one. Default: 1s.
	FirstPause Duration `toml:"first_pause"`

	// LongestPause is the pause that is never exceeded. Default: 10m.
	LongestPause Duration `toml:"longest_pause"`

	// AtOnce bounds the messages that are on their way at the same time.
	// Default: 64.
	AtOnce int `toml:"at_once"`
}

// Backup says where the node keeps a backup of itself.
type Backup struct {
	// Dir is the directory for the backup, best on another disk. Everything
	// personal in it is sealed to the key of the node. Default: none is made.
	Dir string `toml:"dir"`

	// Every is how often a part is added. Default: 24h.
	Every Duration `toml:"every"`

	// WholeEvery is how often the backup begins anew, and the older parts are
	// removed. Default: 168h, a week.
	WholeEvery Duration `toml:"whole_every"`
}

// Retention says what the organisation chose for itself within the terms of the
// law (bewaartermijnen).
type Retention struct {
	// SweepEvery is how often the node destroys what is due. Default: 24h, and at
	// each start.
	SweepEvery Duration `toml:"sweep_every"`

	// Months holds shorter terms than the law's longest, by the article that
	// gives the term. Default: the longest.
	Months map[string]int `toml:"months"`
}

func (r Retention) terms() exchange.Terms { return exchange.Terms(r.Months) }

// Witness says how the ledgers of partners are watched (getuige): those of the
// parties with which messages were exchanged.
type Witness struct {
	// Every is how often each of them is looked at when nothing happens.
	// Default: 24h.
	Every Duration `toml:"every"`

	// Pause is how long receipts are collected before the ledger that they show
	// is looked at, and the least time between two looks at one ledger. It bounds
	// what witnessing adds to the ledgers. Default: 1m.
	Pause Duration `toml:"pause"`

	// Gossip tells partners which states of other ledgers this node has seen, so
	// that no ledger can show two of them different histories. It also tells them
	// with which parties this node has to do. Default: true.
	Gossip bool `toml:"gossip"`
}

// Mirror says whether the ledger can be read over HTTP, by a monitor or a
// witness outside (C2SP tlog-tiles).
type Mirror struct {
	// Listen is the address on which it is served, such as 127.0.0.1:4180; there
	// is no authentication. Default: empty, not served.
	Listen string `toml:"listen"`

	// Entries serves the entries as well. Their headers are in clear: they tell
	// who exchanged what with whom and when, though nothing of a person. Without
	// them the proofs can be followed all the same. Default: false.
	Entries bool `toml:"entries"`
}

// Log says what the node writes to its log.
type Log struct {
	// Level is debug, info, warn or error. Default: info.
	Level string `toml:"level"`
	// Format is json or text. Default: json.
	Format string `toml:"format"`
}

// Metrics says whether figures about the node, and how it is, can be read over
// HTTP (docs/observe.md).
type Metrics struct {
	// Listen is the address on which they are served, such as 127.0.0.1:9464;
	// there is no authentication. Default: empty, not served.
	Listen string `toml:"listen"`

	// AnyAddress allows an address that is not loopback: whoever reaches it learns
	// with which partners the node has to do, and how busy it is. Default: false.
	AnyAddress bool `toml:"any_address"`
}

func (m Metrics) check() error {
	if m.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(m.Listen)
	if err != nil {
		return errors.New("metrics.listen is not an address such as 127.0.0.1:9464")
	}
	// A name could be resolved to anywhere.
	if ip, err := netip.ParseAddr(host); !m.AnyAddress && (err != nil || !ip.IsLoopback()) {
		return errors.New("metrics.listen is not a loopback address such as 127.0.0.1:9464; any_address = true allows it")
	}
	return nil
}

// Tracing says whether traces leave the node, over OpenTelemetry
// (docs/observe.md).
type Tracing struct {
	// Endpoint is the URL to which spans are posted (OTLP over HTTP), with its
	// path, such as https://collector.example.nl/v1/traces. Default: empty, none.
	Endpoint string `toml:"endpoint"`

	// Insecure allows an endpoint without TLS, on a loopback address only.
	Insecure bool `toml:"insecure"`
}

func (t Tracing) check() error {
	if t.Endpoint == "" {
		return nil
	}
	return checkEndpoint("tracing", t.Endpoint, t.Insecure)
}

// A Duration is a time span as Go writes it: 90s, 10m, 1h.
type Duration time.Duration

// UnmarshalText reads a time span that is longer than nothing.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v <= 0 {
		return fmt.Errorf("want a time span such as 90s, 10m or 1h")
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes a time span.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// DefaultConfig is what holds where sluis.toml is silent.
func DefaultConfig() Config {
	return Config{
		Listen: []string{"/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001"},
		QUIC:   true,
		Limits: Limits{
			MinFreeBytes: 1 << 30, MemoryBytes: 1 << 30, PerIP: 256, StreamsPerPeer: 512, OpenRequests: 1000, RequestsPerDay: 5000, BytesPerDay: 256 << 20,
		},
		Register:  Renewal{ExchangeEvery: Duration(time.Hour)},
		Delivery:  Delivery{FirstPause: Duration(time.Second), LongestPause: Duration(10 * time.Minute), AtOnce: 64},
		Retention: Retention{SweepEvery: Duration(24 * time.Hour)},
		Backup:    Backup{Every: Duration(24 * time.Hour), WholeEvery: Duration(7 * 24 * time.Hour)},
		Witness:   Witness{Every: Duration(24 * time.Hour), Pause: Duration(time.Minute), Gossip: true},
		Log:       Log{Level: "info", Format: "json"},
		Logboek:   Logboek{Protocol: httpProtobuf, ProcessorBase: "urn:nld:oin:", DataSubject: noSubject},
		Console:   defaultConsole(),
		API:       API{Tokens: Tokens{Bound: true}},
	}
}

// ReadConfig reads sluis.toml.
func ReadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	return ParseConfig(text)
}

// ParseConfig reads the text of sluis.toml. The error names the line.
func ParseConfig(text []byte) (Config, error) {
	c := DefaultConfig()
	c.Listen = nil
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		var unknown *toml.StrictMissingError
		if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
			row, _ := unknown.Errors[0].Position()
			return Config{}, fmt.Errorf("%s, line %d: there is no key %q", configFile, row, strings.Join(unknown.Errors[0].Key(), "."))
		}
		var wrong *toml.DecodeError
		if errors.As(err, &wrong) {
			row, _ := wrong.Position()
			return Config{}, fmt.Errorf("%s, line %d: %s", configFile, row, inWords(wrong))
		}
		return Config{}, fmt.Errorf("%s: %v", configFile, err)
	}
	if err := checkSpans(text); err != nil {
		return Config{}, err
	}
	if c.Listen == nil {
		c.Listen = slices.DeleteFunc(DefaultConfig().Listen, func(a string) bool { return !c.QUIC && strings.HasSuffix(a, "/quic-v1") })
	}
	c.API.complete()
	return c, c.check()
}

// inWords says which key has a value of the wrong kind, where the library names
// types of Go; other errors as the library has them.
func inWords(wrong *toml.DecodeError) string {
	key := strings.Join(wrong.Key(), ".")
	_, kind, found := strings.Cut(wrong.Error(), "of type ")
	if want, known := kinds[kind]; found && known && key != "" {
		return fmt.Sprintf("%s must be %s", key, want)
	}
	return wrong.Error()
}

// kinds are the types of keys in the words of sluis.toml.
var kinds = map[string]string{
	"[]string": `a list of texts, as ["one", "two"]`, "string": `a text, as "text"`, "bool": "true or false",
	"int": "a whole number", "int64": "a whole number", "peer.Duration": `a time span, as "90s", "10m" or "1h"`,
}

func (c Config) check() error {
	switch {
	case len(c.Listen) == 0 && len(c.Relays) == 0:
		return fmt.Errorf("%s: listen names no address and relays no relay; the node could not be reached", configFile)
	case c.Limits.MinFreeBytes < 0:
		return fmt.Errorf("%s: limits.min_free_bytes is below zero", configFile)
	case c.Limits.MemoryBytes < leastMemory:
		return fmt.Errorf("%s: limits.memory_bytes is below %d", configFile, leastMemory)
	case c.Limits.PerIP < 1 || c.Limits.StreamsPerPeer < 1:
		return fmt.Errorf("%s: limits.per_ip and limits.streams_per_peer must be at least 1", configFile)
	case c.Limits.OpenRequests < 1 || c.Limits.RequestsPerDay < 1 || c.Limits.BytesPerDay < wire.MaxToken:
		return fmt.Errorf("%s: limits.open_requests, requests_per_day and bytes_per_day must have room for one request of %d bytes", configFile, wire.MaxToken)
	case c.Delivery.AtOnce < 1:
		return fmt.Errorf("%s: delivery.at_once must be at least 1", configFile)
	case c.Delivery.LongestPause < c.Delivery.FirstPause:
		return fmt.Errorf("%s: delivery.longest_pause is shorter than delivery.first_pause", configFile)
	}
	if err := transport.CheckListen(c.Listen, c.QUIC); err != nil {
		return fmt.Errorf("%s: listen: %v", configFile, err)
	}
	if err := transport.CheckListen(c.Announce, true); err != nil {
		return fmt.Errorf("%s: announce: %v", configFile, err)
	}
	for _, address := range c.Relays {
		if _, err := transport.RelayID(address); err != nil {
			return fmt.Errorf("%s: relays: %q: %v", configFile, address, err)
		}
	}
	if c.Proxy != "" {
		if _, err := transport.ParseProxy(c.Proxy); err != nil {
			return fmt.Errorf("%s: proxy: %v", configFile, err)
		}
	}
	if c.Backup.Dir != "" && !filepath.IsAbs(c.Backup.Dir) {
		return fmt.Errorf("%s: backup.dir must be a path from the root of the file system", configFile)
	}
	for article, months := range c.Retention.Months {
		if months < 1 {
			return fmt.Errorf("%s: retention.months for article %q must be at least 1", configFile, article)
		}
	}
	if c.Witness.Every < c.Witness.Pause {
		return fmt.Errorf("%s: witness.every is shorter than witness.pause", configFile)
	}
	if _, _, err := net.SplitHostPort(c.Mirror.Listen); c.Mirror.Listen != "" && err != nil {
		return fmt.Errorf("%s: mirror.listen is not an address such as 127.0.0.1:4180", configFile)
	}
	switch c.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("%s: log.level is not debug, info, warn or error", configFile)
	}
	if c.Log.Format != "json" && c.Log.Format != "text" {
		return fmt.Errorf("%s: log.format is not json or text", configFile)
	}
	if err := errors.Join(c.Metrics.check(), c.Tracing.check()); err != nil {
		return fmt.Errorf("%s: %v", configFile, err)
	}
	if err := c.Logboek.check(); err != nil {
		return fmt.Errorf("%s: %v", configFile, err)
	}
	if err := errors.Join(c.Console.check(), c.API.check()); err != nil {
		return fmt.Errorf("%s: %v", configFile, err)
	}
	return nil
}

// addresses are those that the register gives to others: first where the node can
// be called itself, then where a relay can.
func (c Config) addresses() []string {
	addresses := slices.Clone(c.Announce)
	if len(addresses) == 0 && len(c.Relays) == 0 {
		addresses = slices.Clone(c.Listen)
	}
	for _, relay := range c.Relays {
		addresses = append(addresses, relay+"/p2p-circuit")
	}
	return addresses
}

func (d Decisions) policy() exchange.Policy { return exchange.Policy{FourEyes: d.FourEyes} }

func (d Delivery) pace(chance func(time.Duration) time.Duration) Pace {
	return Pace{First: time.Duration(d.FirstPause), Longest: time.Duration(d.LongestPause), AtOnce: d.AtOnce, Chance: chance}
}

func (c Config) transportLimits() transport.Limits {
	return transport.Limits{PerIP: c.Limits.PerIP, StreamsPerPeer: c.Limits.StreamsPerPeer, Memory: c.Limits.MemoryBytes}
}
