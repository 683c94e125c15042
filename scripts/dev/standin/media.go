package standin

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// taskTime is how long an upload, a procedure or a deletion takes. FinishTime has
// whole seconds, so it is more than one: the runs of a media can be told apart.
const taskTime = 2 * time.Second

// Procedure is what a media is processed with where nobody says otherwise.
var Procedure = vodfake.Process{Transcode: []uint64{10, 30}, Adaptive: []uint64{12}, Cover: []uint64{10}}

// UploadMedia uploads a file into the application whose queue pull drains. Its event
// comes taskTime later, as the configuration says. It returns the FileId.
func (s *StandIn) UploadMedia(u vodfake.Upload) (fileID string) {
	return s.Upload(s.apps[0], u)
}

// ProcessMedia begins a procedure on a file. The error says that there is no such
// file.
func (s *StandIn) ProcessMedia(fileID string, p vodfake.Process) (taskID string, err error) {
	err = s.inItsApp(func(app uint64) (err error) {
		taskID, err = s.Process(app, fileID, p)
		return err
	})
	return taskID, err
}

// DeleteMedia deletes a file or parts of it. The error says that there is no such
// file.
func (s *StandIn) DeleteMedia(fileID string, parts ...*event.MediaDeleteItem) error {
	return s.inItsApp(func(app uint64) error { return s.Delete(app, fileID, parts...) })
}

// inItsApp tries something in each application, until one has the file.
func (s *StandIn) inItsApp(do func(app uint64) error) (err error) {
	for _, app := range append(s.apps[:len(s.apps):len(s.apps)], s.pushed) {
		if err = do(app); err == nil {
			return nil
		}
	}
	return err
}

// Cover draws the placeholder of a cover, an SVG of 16 to 9. The same URL always
// gives the same picture; nothing is fetched.
func Cover(url string) []byte {
	h := fnv.New32a()
	h.Write([]byte(url))
	n := h.Sum32()
	hue, second := n%360, (n%360+40+n>>9%80)%360
	var hills string
	for x := 0; x <= 320; x += 20 {
		y := 118 + 26*math.Sin(float64(x)/60+float64(n>>16&255)/40)
		hills += fmt.Sprintf(" L%d %.1f", x, y)
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl(%d 45%% 58%%)"/><stop offset="1" stop-color="hsl(%d 50%% 34%%)"/></linearGradient></defs>`+
		`<path fill="url(#g)" d="M0 0h320v180H0z"/><circle cx="%d" cy="%d" r="22" fill="#fff" fill-opacity=".55"/><path fill="#000" fill-opacity=".3" d="M0 180%s V180z"/></svg>`,
		hue, second, 50+n>>4%220, 38+n>>11%40, hills)
}
