package server

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// A name with something before the common name is another name: an authority that
// certifies both must not make one of the other.
func TestSubjectAsItStands(t *testing.T) {
	commonName := asn1.ObjectIdentifier{2, 5, 4, 3}
	for _, c := range []struct {
		names []string
		want  string
	}{{[]string{"zaaksysteem"}, "CN=zaaksysteem"}, {[]string{"x", "zaaksysteem"}, "CN=zaaksysteem,CN=x"}} {
		var names pkix.RDNSequence
		for _, n := range c.names {
			names = append(names, pkix.RelativeDistinguishedNameSET{{Type: commonName, Value: n}})
		}
		raw, err := asn1.Marshal(names)
		if err != nil {
			t.Fatal(err)
		}
		leaf := &x509.Certificate{RawSubject: raw}
		leaf.Subject.FillFromRDNSequence(&names)
		if got := subjectOf(leaf); got != c.want {
			t.Errorf("%v is %q, want %q", c.names, got, c.want)
		}
	}
	if got := subjectOf(&x509.Certificate{RawSubject: []byte{1}}); got != "" {
		t.Errorf("what is no name is %q", got)
	}
}
