package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tolerated is how much worse a figure may be than that of the old checkout.
const tolerated = 0.05

// figure is one result of a measurement.
type figure struct {
	name       string
	value      float64
	moreIsGood bool
}

// measurement measures something in each checkout.
type measurement struct {
	name string
	take func(ctx context.Context, dir string) ([]figure, error)
}

// compare measures the functions of the checkout in o.old and of this one in
// turns and prints the medians. It tells whether no figure is worse by more than
// tolerated.
func compare(ctx context.Context, dir string, o options) (ok bool, err error) {
	sides := []string{filepath.Join(dir, "old"), filepath.Join(dir, "new")}
	for i, root := range []string{o.old, "."} {
		if err := os.Mkdir(sides[i], 0o700); err != nil {
			return false, err
		}
		if err := build(ctx, root, sides[i], "./functions/pull", "./functions/callback"); err != nil {
			return false, err
		}
	}
	fmt.Println("| run | figure | before | after | change |")
	fmt.Println("|---|---|---|---|---|")
	ok = true
	for _, m := range measurements(o.quick) {
		if !strings.Contains(m.name, o.only) {
			continue
		}
		good, err := m.compare(ctx, sides, o.rounds)
		if err != nil {
			return false, err
		}
		ok = ok && good
	}
	return ok, nil
}

func measurements(quick bool) []measurement {
	all := []measurement{
		{"start", startsOfBoth},
		{"callback on a host", callbackOnHost},
		{"callback under SCF", callbackUnderSCF},
		{"empty queue", func(ctx context.Context, dir string) ([]figure, error) {
			i, err := drainEmpty(ctx, filepath.Join(dir, "pull"))
			return []figure{{"polls", float64(i.polls), false}, {"ms to answer", i.after.Seconds() * 1000, false}}, err
		}},
	}
	for _, r := range rows {
		if r.binary != "pull" {
			continue
		}
		if quick {
			r.events /= 5
		}
		all = append(all, measurement{r.name, func(ctx context.Context, dir string) ([]figure, error) {
			f, err := r.measure(ctx, dir)
			return []figure{
				{"events/s", f.perSecond, true},
				{"CPU µs/event", f.cpu, false},
				{"memory MB", f.memory, false},
				{"p50 ms", f.p50, false},
				{"p99 ms", f.p99, false},
				{"calls refused", float64(f.refused), false},
			}, err
		}})
	}
	return all
}

func startsOfBoth(ctx context.Context, dir string) ([]figure, error) {
	took, err := starts(ctx, dir, "pull", "callback")
	return []figure{
		{"pull ms", took["pull"].Seconds() * 1000, false},
		{"callback ms", took["callback"].Seconds() * 1000, false},
	}, err
}

// compare takes the figures of both sides in turns and prints them. The change is the
// median of the rounds' changes, so whatever else the machine does matters little.
func (m measurement) compare(ctx context.Context, sides []string, rounds int) (ok bool, err error) {
	got := make([][][]figure, len(sides)) // by side and round
	for round := range rounds {
		for i := range sides {
			side := (i + round) % len(sides)
			f, err := m.take(ctx, sides[side])
			if err != nil {
				return false, err
			}
			got[side] = append(got[side], f)
		}
	}
	ok = true
	for i, f := range got[0][0] {
		var before, after, change []float64
		for round := range rounds {
			b, a := got[0][round][i].value, got[1][round][i].value
			before, after, change = append(before, b), append(after, a), append(change, changed(b, a))
		}
		worse := median(change)
		if f.moreIsGood {
			worse = -worse
		}
		mark := ""
		if worse > tolerated {
			ok, mark = false, " WORSE"
		}
		fmt.Printf("| %s | %s | %.4g | %.4g | %+.1f %%%s |\n", m.name, f.name, median(before), median(after), 100*median(change), mark)
	}
	return ok, nil
}

// changed returns by what part of before a figure grew.
func changed(before, after float64) float64 {
	if before == after { // even if both are 0
		return 0
	}
	return after/before - 1
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
