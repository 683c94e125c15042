package kafka

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestReadyWhereTheTopicIs(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, topic))
	if err := c.open(t).Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(c.records(t)); n != 0 {
		t.Errorf("asking left %d records", n)
	}
	s, err := Open("kafka://" + c.address + "/no-such-topic")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "create the topic") {
		t.Errorf("without the topic: %v", err)
	}
}
