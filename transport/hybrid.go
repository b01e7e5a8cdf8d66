package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/quic-go/quic-go"
)

// keyAgreement is the only one accepted: X25519 together with ML-KEM-768
// (draft-ietf-tls-ecdhe-mlkem), so that what is recorded today stays closed
// when X25519 no longer does. Go and libp2p negotiate it by themselves; it is
// checked because a later setting could silently undo that.
const keyAgreement = tls.X25519MLKEM768

var errNotHybrid = errors.New("the connection was made without the key agreement X25519MLKEM768")

// hybridTLS is the TLS of libp2p for TCP connections, with a look at the key
// agreement before the connection is used.
type hybridTLS struct{ *libp2ptls.Transport }

func newHybridTLS(id protocol.ID, key libp2pcrypto.PrivKey, muxers []upgrader.StreamMuxer) (*hybridTLS, error) {
	t, err := libp2ptls.New(id, key, muxers)
	if err != nil {
		return nil, err
	}
	return &hybridTLS{t}, nil
}

// SecureInbound implements libp2p's sec.SecureTransport.
func (t *hybridTLS) SecureInbound(ctx context.Context, c net.Conn, p peer.ID) (sec.SecureConn, error) {
	s, err := t.Transport.SecureInbound(ctx, c, p)
	return demandHybrid(s, err)
}

// SecureOutbound implements libp2p's sec.SecureTransport.
func (t *hybridTLS) SecureOutbound(ctx context.Context, c net.Conn, p peer.ID) (sec.SecureConn, error) {
	s, err := t.Transport.SecureOutbound(ctx, c, p)
	return demandHybrid(s, err)
}

func demandHybrid(s sec.SecureConn, err error) (sec.SecureConn, error) {
	if err != nil {
		return nil, err
	}
	c, ok := s.(interface{ ConnectionState() tls.ConnectionState })
	if !ok || c.ConnectionState().CurveID != keyAgreement {
		_ = s.Close()
		return nil, errNotHybrid
	}
	return s, nil
}

// quicIsHybrid is false for a QUIC connection with another key agreement.
func quicIsHybrid(c network.Conn) bool {
	var q *quic.Conn
	if !c.As(&q) {
		return true // not QUIC
	}
	return q.ConnectionState().TLS.CurveID == keyAgreement
}
