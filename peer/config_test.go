package peer_test

import (
	"strings"
	"testing"

	"sluis/peer"
	"sluis/schemas"
)

// The example shows every key, and its values are the defaults.
func TestConfigExampleIsDefault(t *testing.T) {
	got, err := peer.ParseConfig(schemas.ConfigExample())
	if err != nil {
		t.Fatal(err)
	}
	want := peer.DefaultConfig()
	if strings.Join(got.Listen, " ") != strings.Join(want.Listen, " ") || got.QUIC != want.QUIC || got.Limits != want.Limits ||
		got.Register != want.Register || got.Delivery != want.Delivery || got.Log != want.Log || got.Metrics != want.Metrics || got.Tracing != want.Tracing || got.Logboek != want.Logboek || got.Console != want.Console {
		t.Errorf("the example says %+v, the defaults are %+v", got, want)
	}
}

// QUIC is switched off by one line: the default addresses follow it, those of the file do not.
func TestConfigWithoutQUIC(t *testing.T) {
	c, err := peer.ParseConfig([]byte("quic = false"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "/ip4/0.0.0.0/tcp/4001"; strings.Join(c.Listen, " ") != want {
		t.Errorf("listens on %v, want %s", c.Listen, want)
	}
}

func TestConfigRefusesAccidents(t *testing.T) {
	const on, base = "[logboek]\nenabled = true\n", "activity_base = \"https://example.nl/verwerkingen/\"\n"
	for text, want := range map[string]string{
		"quick = true":                                               `line 1: there is no key "quick"`,
		"\n[limits]\nmin_free = 1":                                   `line 3: there is no key "limits.min_free"`,
		"listen = []":                                                "no address",
		"relays = [\"/ip4/192.0.2.1/tcp/443\"]":                      "the ID of the relay",
		"relays = [\"https://relay.example.nl\"]":                    "the ID of the relay",
		"proxy = \"proxy.example.nl:3128\"":                          "use http://HOST:PORT",
		"proxy = \"http://u:geheim@proxy.example.nl:3128\"":          "by its address",
		"listen = 4001":                                              `line 1: listen must be a list of texts`,
		"listen = \"/ip4/0.0.0.0/tcp/4001\"":                         `line 1: listen must be a list of texts, as ["one", "two"]`,
		"[limits]\nmin_free_bytes = \"1GiB\"":                        "line 2: limits.min_free_bytes must be a whole number",
		"quic = \"no\"":                                              "line 1: quic must be true or false",
		"[log]\nlevel = 1":                                           "line 2: log.level must be a text",
		"[backup]\nevery = 24":                                       "backup.every must be a time span",
		"[console]\nIdle = 15":                                       "console.Idle must be a time span",
		"[[api.clients]]\n[api.clients.webhook]\ngive_up_after = 24": "api.clients.webhook.give_up_after must be a time span",
		"listen = [\"127.0.0.1:4001\"]":                              `listen: address "127.0.0.1:4001": use /ip4`,
		"listen = [\"/ip4/127.0.0.1/tcp/99999\"]":                    "listen: address",
		"quic = false\nlisten = [\"/ip4/0.0.0.0/udp/1/quic-v1\"]":    "which is switched off",
		"announce = [\"/dns4/sluis.example.nl:4001\"]":               "announce: address",
		"[limits]\nmin_free_bytes = -1":                              "below zero",
		"[limits]\nper_ip = 0":                                       "at least 1",
		"[delivery]\nat_once = 0":                                    "at least 1",
		"[delivery]\nfirst_pause = \"-1s\"":                          "line 2",
		"[delivery]\nfirst_pause = \"1h\"":                           "shorter than",
		"[register]\nexchange_every = \"soon\"":                      "line 2",
		"[log]\nlevel = \"loud\"":                                    "log.level",
		"[log]\nformat = \"xml\"":                                    "log.format",
		"[metrics]\nlisten = \"9100\"":                               "metrics.listen is not an address",
		"[metrics]\nlisten = \":9100\"":                              "any_address = true allows it",
		"[metrics]\nlisten = \"192.0.2.1:9100\"":                     "any_address = true allows it",
		"[metrics]\nlisten = \"localhost:9100\"":                     "not a loopback address",
		"[tracing]\nendpoint = \"http://127.0.0.1:4318/v1/traces\"":  "tracing.endpoint is not https",
		"[tracing]\nendpoint = \"https://collector.example\"":        "tracing.endpoint has no path",
		"listen = [": "line 1",

		"[logboek]\nenabled = true":    "activity_base is missing",
		"[logboek]\nenabled = \"yes\"": "line 2",
		"[logboek]\nenable = true":     `line 2: there is no key "logboek.enable"`,
		on + base:                      "endpoint is missing",
		on + base + "endpoint = \"https://collector.example\"":                                "no path",
		on + base + "endpoint = \"https://u:geheim@collector.example/x\"":                     "not a URL of scheme, host and path",
		on + base + "endpoint = \"https://collector.example/x?key=1\"":                        "not a URL of scheme, host and path",
		on + base + "endpoint = \"collector.example:4318/v1/traces\"":                         "not a URL of scheme, host and path",
		on + base + "endpoint = \"ftp://collector.example/v1/traces\"":                        "not https",
		on + base + "endpoint = \"http://127.0.0.1:4318/v1/traces\"":                          "insecure = true allows",
		on + base + "insecure = true\nendpoint = \"http://collector.example:4318/v1/traces\"": "not a loopback address",
		on + base + "insecure = true\nendpoint = \"http://localhost:4318/v1/traces\"":         "not a loopback address",
		on + base + "insecure = true\nendpoint = \"http://192.0.2.1:4318/v1/traces\"":         "not a loopback address",
		"[logboek]\nactivity_base = \"https://example.nl/verwerkingen\"":                      "activity_base is not a URI that ends",
		"[logboek]\nactivity_base = \"verwerkingen/\"":                                        "activity_base is not a URI",
		"[logboek]\nprocessor_base = \"\"":                                                    "processor_base is not a URI",
		"[logboek]\ndata_subject = \"bsn\"":                                                   "data_subject is not none or pseudonym",
		"[logboek]\nprotocol = \"grpc\"":                                                      "protocol is not http/protobuf",
	} {
		_, err := peer.ParseConfig([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: the error tells the password", text)
		}
	}
}

func TestConfigOfTheLogboek(t *testing.T) {
	for _, more := range []string{
		`endpoint = "https://collector.example/v1/traces"`,
		"insecure = true\nendpoint = \"http://127.0.0.1:4318/v1/traces\"",
		"insecure = true\nendpoint = \"http://[::1]:4318/v1/traces\"\ndata_subject = \"pseudonym\"",
	} {
		c, err := peer.ParseConfig([]byte("[logboek]\nenabled = true\nactivity_base = \"urn:example:verwerking:\"\n" + more))
		if err != nil || !c.Logboek.Enabled {
			t.Errorf("%q: got %v", more, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add(schemas.ConfigExample())
	f.Add([]byte("[delivery]\nfirst_pause = \"20ms\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := peer.ParseConfig(text)
		if err == nil && (len(c.Listen) == 0 || c.Delivery.AtOnce < 1 || c.Delivery.LongestPause < c.Delivery.FirstPause) {
			t.Errorf("accepted a configuration that can't work: %+v", c)
		}
	})
}

// What a listed peer sends is never trusted to have a form: nothing that comes
// in over either protocol changes a node or stops it.
func FuzzReceive(f *testing.F) {
	w := newWorld(f, municipality, debtHelp)
	node, from := w.members[1].node, w.members[0].entry.Peer
	f.Add([]byte("hello"))
	f.Add([]byte("age-encryption.org/v1\n-> mlkem768x25519 x\n"))
	f.Add([]byte(`{"version":9,"bundle":"e30="}`))
	_, before := node.Checkpoint()
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := node.Receive(t.Context(), from, data); err == nil {
			t.Error("accepted what nobody sealed")
		}
		if _, after := node.Checkpoint(); after != before {
			t.Error("what nobody signed made the ledger grow")
		}
	})
}
