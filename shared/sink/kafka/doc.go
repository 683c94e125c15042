// Package kafka is the sink of kafka://, made for CKafka and every other
// Kafka from 0.11 on.
//
//	kafka://broker1:9092,broker2:9092/topic
//	kafka://ckafka-abc123%23user:password@host:50001/topic?sasl=scram-sha-256
//	kafka://user:password@host:9093/topic?sasl=scram-sha-512&tls=true&ca=ca.pem
//
// A value is one event in CloudEvents structured mode, with its content-type
// header; the key is its subject, so that events of one file or task stay in
// order, or absent. The producer is idempotent and waits for all in-sync
// replicas. A lost connection can still make an event come twice: consumers
// know it by its id.
//
// # Parameters
//
//   - sasl: plain (default when there is a user), scram-sha-256 or
//     scram-sha-512. In user and password # is written as %23, / as %2F, @ as
//     %40, : as %3A and % as %25; CKafka's user is INSTANCE%23USER.
//   - tls: true, or chain, which checks the certificate's chain but not its
//     host name, as CKafka asks for (597/133094). Default: false.
//   - ca: a PEM file with the certificates to trust. Default: the system's.
//   - cert, key: PEM files of a client certificate. Default: none.
//   - idempotent: false for brokers that know no idempotent producer, or do not
//     allow it. A lost answer then makes an event come twice more often; the
//     order within a subject stays. Default: true.
//   - compression: snappy, lz4, gzip, zstd or none. Default: snappy. What
//     compression does not make smaller goes uncompressed.
//
// # CKafka
//
// In the console add an access point (Access Mode) with SASL_SCRAM, or with
// SASL_PLAINTEXT, create a user under ACL Policy Management, and allow it to
// write to the topic (597/46795). The user in the URL is the instance's id, %23
// and the user's name. The documented mechanism is SCRAM-SHA-256:
//
//	kafka://ckafka-abc123%23user:password@HOST:PORT/topic?sasl=scram-sha-256
//
// SCRAM needs an instance of version 1.1.1, 2.4.1 or 2.8.1; an older one, its
// broker's minor upgrade. An access point with SASL_PLAINTEXT takes sasl=plain,
// one with SASL_SSL (Pro Edition) tls=chain beside it.
//
// # CLS
//
// A log topic of Tencent's CLS takes events by the Kafka protocol (614/64157):
//
//	kafka://LOGSET_ID:SECRET_ID%23SECRET_KEY@gz-producer.cls.tencentyun.com:9095/TOPIC_ID?idempotent=false&compression=lz4
//
// gz is the region's short name; the host above is the private one. The public
// gz-producer.cls.tencentcs.com:9096 has no TLS either, so keys would cross the
// network in the clear: use the private one. The keys are static ones of a
// sub-account that may do cls:RealtimeProducer, because how a role's token is
// sent is not documented. CLS knows gzip, snappy and lz4 and no zstd. It takes
// values of 1 MB at most, and 500 requests and 5 MB a second per partition. To
// search by the members of an event the log topic needs an index.
//
// # Limits
//
// The topic must exist; it is never created. A record may have what the topic
// allows (max.message.bytes, 1 MB by default), compressed, and 8 MB at most. A
// larger event is refused for good.
package kafka
