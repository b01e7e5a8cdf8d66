package console

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// A qrCode is a QR code (ISO/IEC 18004) as the path of an SVG image of Side by
// Side units, with the quiet zone of four around it.
type qrCode struct {
	Side int
	Path string
}

func qrCodeOf(text string) (qrCode, error) {
	const quiet = 4
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, fmt.Errorf("the text is too long for a picture: %w", err)
	}
	n := code.Bounds().Dx()
	var d strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			from := x
			for x < n && dark(code.At(x, y)) {
				x++
			}
			if x > from {
				fmt.Fprintf(&d, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return qrCode{Side: n + 2*quiet, Path: d.String()}, nil
}

func dark(c color.Color) bool { return color.GrayModel.Convert(c) == color.Gray{} }
