// Command screenshot makes the pictures of the page that READMEs show,
// from a running dev with events of several kinds in several states:
//
//	go run ./scripts/dev/page/screenshot
//
// It writes screenshot-light.png and screenshot-dark.png, which show the events, into
// -dir, and screenshot-media-light.png and screenshot-media-dark.png.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"vodevents/scripts/dev/page/internal/browser"
)

func main() {
	dir := flag.String("dir", filepath.Join("scripts", "dev", "page"), "where the pictures are written")
	width := flag.Int64("width", 1440, "of the window")
	height := flag.Int64("height", 900, "of the window")
	flag.Parse()
	if err := run(context.Background(), *dir, *width, *height); err != nil {
		fmt.Fprintln(os.Stderr, "screenshot:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, width, height int64) error {
	chromium, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer chromium.Close()
	build, err := os.MkdirTemp("", "vodevents-screenshot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(build)
	program, err := browser.Build(ctx, build)
	if err != nil {
		return err
	}
	dev, err := browser.StartDev(ctx, program, nil, "-every", "1s")
	if err != nil {
		return err
	}
	defer dev.Stop()
	if err := happen(ctx, dev); err != nil {
		return err
	}
	tab, err := chromium.Open(dev.Base)
	if err != nil {
		return err
	}
	defer tab.Close()
	if err := tab.Size(width, height); err != nil {
		return err
	}
	if err := openOne(tab); err != nil {
		return err
	}
	if err := pictures(tab, filepath.Join(dir, "screenshot-")); err != nil {
		return err
	}
	if err := openMedia(tab, dev); err != nil {
		return err
	}
	return pictures(tab, filepath.Join(dir, "screenshot-media-"))
}

// pictures takes one in light and one in dark.
func pictures(tab *browser.Tab, name string) error {
	for _, scheme := range []string{"light", "dark"} {
		if err := tab.Scheme(scheme); err != nil {
			return err
		}
		b, err := tab.Picture()
		if err == nil {
			b, err = smaller(b)
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(name+scheme+".png", b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// kinds take turns, and each second brings as many events as the next of rates.
var (
	kinds = []string{"NewFileUpload", "ProcedureStateChanged", "TranscodeComplete", "FileDeleted", "ComposeMediaComplete", "PullComplete", "ClipComplete"}
	rates = []int{4, 9, 6, 12, 5, 3, 8, 14, 7, 2, 6}
)

// live sends events until ctx ends.
func live(ctx context.Context, dev *browser.Dev) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for second, n := 0, 0; ; second++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for range rates[second%len(rates)] {
			mode := "reliable"
			if n++; n%9 == 0 {
				mode = "normal"
			}
			dev.Call("POST", "/api/events?mode="+mode+"&kind="+kinds[n*3%len(kinds)], "") // one that fails is not in the picture
		}
	}
}

// call is a call of dev's API, and how long to let its effect be seen.
type call struct {
	method, path, body string
	wait               time.Duration
}

// past is a minute with events of all kinds, so that the charts have something
// to show: of one pull the answer is lost, and its leases run out.
var past = []call{
	{"POST", "/api/events?kind=NewFileUpload&mode=reliable&n=10", "", 40 * time.Second},
	{"PUT", "/api/faults", `{"faults":[{"action":"PullEvents","kind":"lost","probability":1}]}`, 6 * time.Second},
	{"POST", "/api/clock", `{"forward":"30s"}`, 0},
	{"PUT", "/api/faults", `{"faults":[]}`, 20 * time.Second},
}

const upload = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533167"}}`

// present is what the list shows: events in several states.
var present = []call{
	{"POST", "/callback", upload, 0},
	{"POST", "/callback", upload, 0}, // a duplicate
	{"PUT", "/api/faults", `{"sink":{"probability":1,"status":400}}`, 0},
	{"POST", "/api/events?kind=EditMediaComplete&mode=reliable", "", time.Second},
	{"PUT", "/api/faults", `{"sink":{"probability":0}}`, 0},
	{"POST", "/api/events?kind=ProcedureStateChanged&mode=reliable", `{"SessionContext":"lesson-12"}`, 500 * time.Millisecond},
	{"PUT", "/api/faults", `{"sink":{"probability":1,"delayMs":20000}}`, 0},
	{"POST", "/api/events?kind=TranscodeComplete&mode=reliable&n=2", "", 500 * time.Millisecond}, // leased for long
	{"PUT", "/api/faults", `{"sink":{"probability":0}}`, 0},
	{"POST", "/api/events?kind=FileDeleted&mode=normal", "", 0},
}

// happen makes the calls, the past ones while events come from everywhere.
func happen(ctx context.Context, dev *browser.Dev) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go live(ctx, dev)
	for i, c := range slices.Concat(past, present) {
		if i == len(past) {
			cancel()
		}
		if _, err := dev.Call(c.method, c.path, c.body); err != nil {
			return err
		}
		time.Sleep(c.wait)
	}
	return nil
}

// openOne opens the event that was made for it and waits until it is there.
func openOne(tab *browser.Tab) error {
	row, err := browser.Evaluate[string](tab, `new Promise((done) => {
		const end = performance.now() + 30e3;
		const look = () => {
			const row = [...document.querySelectorAll('.event:not([hidden])')].find((r) => r.innerText.includes('ProcedureStateChanged') && r.innerText.includes('confirmed'));
			if (row || performance.now() > end) done(row ? '#' + row.id : '');
			else setTimeout(look, 100);
		};
		look();
	})`)
	if err != nil {
		return err
	}
	if row == "" {
		return errors.New("there is no event to open")
	}
	if err := tab.Click(row); err != nil {
		return err
	}
	_, err = browser.Evaluate[bool](tab, `new Promise((done) => {
		const look = () => document.querySelector('#panel-body .line') ? setTimeout(done, 500, true) : setTimeout(look, 100);
		look();
	})`)
	return err
}

// lives are what becomes of four media: calls after their upload, each with time for
// its events to be delivered.
var lives = []struct {
	name  string
	calls [][2]string // path behind /api/media/ID, body
}{
	{"Lecture 12.mp4", [][2]string{{"/process", `{"fails":["Transcode","AdaptiveDynamicStreaming"]}`}}},
	{"Interview.mp4", [][2]string{{"/delete", ""}}},
	{"Concert.mp4", [][2]string{{"/process", ""}}},
	{"Harbor at dawn.mp4", [][2]string{{"/process", ""}, {"/delete", `{"parts":[{"type":"TranscodeFiles","definition":30}]}`}, {"/process", `{"transcode":[10],"fails":["Transcode"]}`}}},
}

// openMedia lets media live, shows them, and opens the last one.
func openMedia(tab *browser.Tab, dev *browser.Dev) error {
	const settle = 5 * time.Second
	for _, life := range lives {
		answer, err := dev.Call("POST", "/api/media", fmt.Sprintf(`{"name":%q}`, life.name))
		var made struct{ FileId string }
		if err == nil {
			err = json.Unmarshal(answer, &made)
		}
		if err != nil {
			return err
		}
		time.Sleep(settle)
		for _, c := range life.calls {
			if _, err := dev.Call("POST", "/api/media/"+made.FileId+c[0], c[1]); err != nil {
				return err
			}
			time.Sleep(settle)
		}
	}
	if err := tab.Click("#tab-media"); err != nil {
		return err
	}
	if err := tab.Click("#media-rows .media-row"); err != nil {
		return err
	}
	_, err := browser.Evaluate[bool](tab, `new Promise((done) => {
		const look = () => {
			if (!document.querySelector('#md-registers li')) return setTimeout(look, 100);
			document.querySelector('#md-events-title').scrollIntoView();
			setTimeout(done, 500, true);
		};
		look();
	})`)
	return err
}

// smaller gives a picture 256 colours, so that it is a third of the size. A page
// has few: of those that are nearly alike it keeps the one that it has most of.
func smaller(picture []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	bounds, count := full.Bounds(), map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)]++
		}
	}
	var palette color.Palette
	seen := map[color.RGBA]bool{}
	for _, c := range slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return count[b] - count[a] }) {
		alike := color.RGBA{c.R >> 5, c.G >> 5, c.B >> 5, 0}
		if len(palette) < 64 || !seen[alike] && len(palette) < 256 {
			palette = append(palette, c)
		}
		seen[alike] = true
	}
	few := image.NewPaletted(bounds, palette)
	draw.Draw(few, bounds, full, bounds.Min, draw.Src)
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, few)
	return b.Bytes(), err
}
