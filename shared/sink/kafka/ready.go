package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Ready returns nil if a broker answers and knows the topic. It produces nothing.
func (s *Sink) Ready(ctx context.Context) error {
	c, err := s.enter()
	if err != nil {
		return s.unavailable(1, err)[0]
	}
	defer s.leave(c, true)
	request := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(c.OptValue(kgo.DefaultProduceTopic).(string))
	request.Topics = append(request.Topics, topic)
	answer, err := request.RequestWith(ctx, c.Client)
	switch {
	case err != nil && ctx.Err() != nil:
		err = c.ended(ctx)
	case err == nil:
		for _, t := range answer.Topics {
			err = kerr.ErrorForCode(t.ErrorCode)
		}
	}
	if err != nil {
		return s.unavailable(1, err)[0]
	}
	return nil
}
