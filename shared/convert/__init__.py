"""Protobuf to domain and back: the only place that knows both (besides servicers for their requests).

`encode_*` and `decode_*` give the bytes that records and stream entries hold. One module for each of
`shared.domain`; import from here.
"""

from shared.convert.analysis import (
    analysis_to_pb,
    decode_analysis,
    encode_part,
    intent_from_pb,
    intent_to_pb,
    sentiment_from_pb,
    sentiment_to_pb,
    slots_from_pb,
    slots_to_pb,
)
from shared.convert.decision import (
    conversation_from_pb,
    conversation_to_pb,
    decision_from_pb,
    decision_to_pb,
    decode_conversation,
    decode_decision,
    decode_decision_pb,
    encode_conversation,
    encode_decision,
    entry_to_pb,
    priority_to_pb,
)
from shared.convert.ticket import (
    decode_message,
    decode_utterance,
    encode_message,
    message_from_new,
    message_from_pb,
    message_to_pb,
    milliseconds,
    timestamp,
    utterance_from_pb,
    utterance_to_pb,
)

__all__ = [
    "analysis_to_pb",
    "conversation_from_pb",
    "conversation_to_pb",
    "decision_from_pb",
    "decision_to_pb",
    "decode_analysis",
    "decode_conversation",
    "decode_decision",
    "decode_decision_pb",
    "decode_message",
    "decode_utterance",
    "encode_conversation",
    "encode_decision",
    "encode_message",
    "encode_part",
    "entry_to_pb",
    "intent_from_pb",
    "intent_to_pb",
    "message_from_new",
    "message_from_pb",
    "message_to_pb",
    "milliseconds",
    "priority_to_pb",
    "sentiment_from_pb",
    "sentiment_to_pb",
    "slots_from_pb",
    "slots_to_pb",
    "timestamp",
    "utterance_from_pb",
    "utterance_to_pb",
]
