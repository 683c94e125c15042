package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

// The picture shows the delays of each round over the week, on a logarithmic scale,
// and below them what went wrong in the round. Sizes are in px.
const (
	width, height = 960, 450
	left, right   = 70, 940
	top, bottom   = 100, 310
)

// The ends of the scale of delays.
const fastest, slowest = 10 * time.Millisecond, 1000 * time.Second

// picture draws the report as SVG.
func (r *report) picture() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13" fill="#222">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	text(&b, left, 28, `font-size="18" font-weight="600"`, fmt.Sprintf("%d events over a simulated week, %s, seed %d", r.pushed+r.pulled, r.database, r.seed))
	text(&b, left, 50, ``, fmt.Sprintf("lost %d, confirmed early %d, two rows %d, wrong rows of media %d of %d, after %d kills and %d troubles",
		r.lost(), r.broken[early], r.broken[twice], r.broken[wrongRow], r.mediaRows, r.killed, r.troubles))
	for d := fastest; d <= slowest; d *= 10 {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/>`+"\n", left, yOf(d), right)
		text(&b, left-8, yOf(d)+4, `text-anchor="end" fill="#666"`, tick(d))
	}
	text(&b, left, top-14, `fill="#666"`, "delay from the queue to the confirm, or from the first send to the answer 200, by VOD's clock")
	r.days(&b)
	r.troublesBelow(&b)
	r.line(&b, "#c2410c", "p99", func(one roundReport) time.Duration { return one.p99 })
	r.line(&b, "#1d4ed8", "p50", func(one roundReport) time.Duration { return one.p50 })
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func text(b *bytes.Buffer, x int, y float64, attributes, content string) {
	fmt.Fprintf(b, `<text x="%d" y="%.1f" %s>%s</text>`+"\n", x, y, attributes, html.EscapeString(content))
}

// tick is a delay of the scale.
func tick(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprint(d.Milliseconds(), " ms")
	}
	return fmt.Sprint(d.Seconds(), " s")
}

// yOf returns the height of a delay.
func yOf(d time.Duration) float64 {
	d = min(max(d, fastest), slowest)
	share := math.Log(float64(d)/float64(fastest)) / math.Log(float64(slowest)/float64(fastest))
	return bottom - share*(bottom-top)
}

// xOf returns the place of the middle of a round.
func (r *report) xOf(round int) float64 {
	return left + (float64(round)+0.5)*float64(right-left)/float64(len(r.rounds))
}

func (r *report) days(b *bytes.Buffer) {
	for day := range 7 {
		x := left + day*(right-left)/7
		fmt.Fprintf(b, `<path d="M%d %dV%d" stroke="#eee"/>`+"\n", x, top, bottom+20)
		text(b, x+4, bottom+16, `fill="#666"`, week.AddDate(0, 0, day).Format("Mon"))
	}
}

// troublesBelow names what went wrong in each round.
func (r *report) troublesBelow(b *bytes.Buffer) {
	for i, one := range r.rounds {
		label := one.trouble
		if one.kills > 0 {
			label += fmt.Sprintf(", %d kills", one.kills)
		}
		fmt.Fprintf(b, `<text transform="translate(%.1f %d) rotate(60)" font-size="11">%s</text>`+"\n", r.xOf(i)-4, bottom+30, html.EscapeString(label))
	}
}

func (r *report) line(b *bytes.Buffer, color, name string, of func(roundReport) time.Duration) {
	var path strings.Builder
	for i, one := range r.rounds {
		letter := 'L'
		if i == 0 {
			letter = 'M'
		}
		fmt.Fprintf(&path, "%c%.1f %.1f", letter, r.xOf(i), yOf(of(one)))
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", path.String(), color)
	for i, one := range r.rounds {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s %s: %s</title></circle>`+"\n",
			r.xOf(i), yOf(of(one)), color, one.at.Format("Mon 15:04"), name, short(of(one)))
	}
	last := len(r.rounds) - 1
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s">%s</text>`+"\n", r.xOf(last)-10, yOf(of(r.rounds[last]))-8, color, name)
}
