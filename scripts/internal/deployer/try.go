package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/scf/scffake"
	"vodevents/shared/vodfake"
)

// standIns are stand-ins for SCF, CAM and VOD on this machine. Nothing of them is
// left after the run.
type standIns struct {
	scf    *scffake.Server
	vod    *vodfake.Server
	vodAPI *httptest.Server

	mu    sync.Mutex
	lines []string // written by the functions
}

func startStandIns() *standIns {
	s := &standIns{vod: vodfake.New(vodfake.Options{})}
	s.vodAPI = httptest.NewServer(s.vod)
	s.scf = scffake.Start(scffake.Options{
		// Its states end by a clock that is moved, not after a number of polls.
		Rate: -1,
		RoleKeys: scffake.Credential{
			SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey,
		},
		Log: func(_ string, line []byte) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lines = append(s.lines, string(line))
		},
	})
	return s
}

func (s *standIns) close() {
	s.scf.Close()
	s.vod.Close()
	s.vodAPI.Close()
}

// deploy deploys there, with settings of its own in place of the environment's, and
// shows a first event of either kind.
func (s *standIns) deploy(ctx context.Context, d *deployer) error {
	for _, v := range config.Variables {
		os.Unsetenv(v.Name)
	}
	for name, value := range map[string]string{
		"SCF_ENDPOINT": s.scf.URL, "CAM_ENDPOINT": "", "VOD_ENDPOINT": s.vodAPI.URL,
		"TENCENT_SECRET_ID": scffake.SecretId, "TENCENT_SECRET_KEY": scffake.SecretKey, "TENCENT_TOKEN": "",
		"VOD_SECRET_ID": vodfake.SecretId, "VOD_SECRET_KEY": vodfake.SecretKey,
		"CALLBACK_SIGN_KEY": "aKeyToTry", "VPC_ID": "", "SUBNET_ID": "",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	d.yes, d.configure, d.force, d.mask = true, true, true, newMask(os.Getenv)
	d.wait = func(ctx context.Context, t time.Duration) error {
		s.scf.FastForward(t)
		return ctx.Err()
	}
	d.say("The cloud is a stand-in on this machine: SCF and CAM at %s, VOD at %s.", s.scf.URL, s.vodAPI.URL)
	if err := d.run(ctx); err != nil || d.dryRun {
		return err
	}
	d.say("\nA procedure has finished, and VOD sends a callback to the URL. The event comes out of the function callback:")
	s.vod.Notify(0, []byte(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"1250000000-procedurev2-0123456789abcdef","Status":"FINISH","FileId":"5285890784273533001"}}`))
	if err := s.show(ctx, d, "5285890784273533001"); err != nil {
		return err
	}
	d.say("A media was deleted, and its event waits in VOD's queue. The timer fires, and the event comes out of the function pull:")
	s.vod.Queue(0, []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784273533002"]}}`))
	if err := s.fire(d); err != nil {
		return err
	}
	if err := s.show(ctx, d, "5285890784273533002"); err != nil {
		return err
	}
	d.say("This was a stand-in, and nothing is left of it. With an account: ./scripts/deploy")
	return nil
}

// fire fires the timers of the functions that have one.
func (s *standIns) fire(d *deployer) error {
	for _, f := range s.scf.Functions() {
		for _, t := range f.Triggers {
			if t.Type != "timer" {
				continue
			}
			result, err := s.scf.FireTimer(d.region, f.Name, t.TriggerName)
			if err != nil {
				return err
			}
			d.say("  %s", result)
		}
	}
	return nil
}

// show waits for the event about a FileId and prints it.
func (s *standIns) show(ctx context.Context, d *deployer, fileId string) error {
	const step, patience = 20 * time.Millisecond, time.Minute
	for waited := time.Duration(0); waited < patience; waited += step {
		s.mu.Lock()
		lines := s.lines
		s.mu.Unlock()
		for _, line := range lines {
			if strings.Contains(line, fileId) && strings.Contains(line, `"specversion"`) {
				d.say("  %s", line)
				return nil
			}
		}
		if err := sleep(ctx, step); err != nil {
			return err
		}
	}
	return errors.New("the event did not come out: " + fmt.Sprint(len(s.lines)) + " lines were written")
}
