#pragma once
/// CloudWatch Logs: the operations that read. API of 2014-03-28.

#include "wire/fields.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct DescribeLogGroupsRequest {
  std::optional<std::vector<std::string>> accountIdentifiers;
  std::optional<std::string> logGroupNamePrefix;
  std::optional<std::string> logGroupNamePattern;
  std::optional<std::string> nextToken;
  std::optional<std::int64_t> limit;
  std::optional<bool> includeLinkedAccounts;
  std::optional<std::string> logGroupClass;
  std::optional<std::vector<std::string>> logGroupIdentifiers;
};
template <class V> void fields(V& v, DescribeLogGroupsRequest& x) {
  v("accountIdentifiers", x.accountIdentifiers, length(0, 20),
    each(length(12, 12), pattern(R"~(^\d{12}$)~")));
  v("logGroupNamePrefix", x.logGroupNamePrefix, length(1, 512),
    pattern(R"~([\.\-_/#A-Za-z0-9]+)~"));
  v("logGroupNamePattern", x.logGroupNamePattern, length(0, 512),
    pattern(R"~([\.\-_/#A-Za-z0-9]*)~"));
  v("nextToken", x.nextToken, length(1, -1));
  v("limit", x.limit, range(1, 50));
  v("includeLinkedAccounts", x.includeLinkedAccounts);
  v("logGroupClass", x.logGroupClass, one_of(enums::log_group_class));
  v("logGroupIdentifiers", x.logGroupIdentifiers, length(1, 50),
    each(length(1, 2048), pattern(R"~([\w#+=/:,.@-]*)~")));
}

struct LogGroup {
  std::optional<std::string> logGroupName;
  std::optional<std::int64_t> creationTime;
  std::optional<std::int64_t> retentionInDays;
  std::optional<std::int64_t> metricFilterCount;
  std::optional<std::string> arn;
  std::optional<std::int64_t> storedBytes;
  std::optional<std::string> kmsKeyId;
  std::optional<std::string> dataProtectionStatus;
  std::optional<std::vector<std::string>> inheritedProperties;
  std::optional<std::string> logGroupClass;
  std::optional<std::string> logGroupArn;
  std::optional<bool> deletionProtectionEnabled;
  std::optional<bool> bearerTokenAuthenticationEnabled;
  std::optional<std::string> retentionPolicyName;
};
template <class V> void fields(V& v, LogGroup& x) {
  v("logGroupName", x.logGroupName, length(1, 512), pattern(R"~([\.\-_/#A-Za-z0-9]+)~"));
  v("creationTime", x.creationTime, range(0, {}));
  v("retentionInDays", x.retentionInDays);
  v("metricFilterCount", x.metricFilterCount);
  v("arn", x.arn);
  v("storedBytes", x.storedBytes, range(0, {}));
  v("kmsKeyId", x.kmsKeyId, length(0, 256));
  v("dataProtectionStatus", x.dataProtectionStatus, one_of(enums::data_protection_status));
  v("inheritedProperties", x.inheritedProperties, each(one_of(enums::inherited_property)));
  v("logGroupClass", x.logGroupClass, one_of(enums::log_group_class));
  v("logGroupArn", x.logGroupArn);
  v("deletionProtectionEnabled", x.deletionProtectionEnabled);
  v("bearerTokenAuthenticationEnabled", x.bearerTokenAuthenticationEnabled);
  v("retentionPolicyName", x.retentionPolicyName);
}

struct DescribeLogGroupsResponse {
  std::optional<std::vector<wire::LogGroup>> logGroups;
  std::optional<std::string> nextToken;
};
template <class V> void fields(V& v, DescribeLogGroupsResponse& x) {
  v("logGroups", x.logGroups);
  v("nextToken", x.nextToken, length(1, -1));
}

struct DescribeLogStreamsRequest {
  std::optional<std::string> logGroupName;
  std::optional<std::string> logGroupIdentifier;
  std::optional<std::string> logStreamNamePrefix;
  std::optional<std::string> orderBy;
  std::optional<bool> descending;
  std::optional<std::string> nextToken;
  std::optional<std::int64_t> limit;
};
template <class V> void fields(V& v, DescribeLogStreamsRequest& x) {
  v("logGroupName", x.logGroupName, length(1, 512), pattern(R"~([\.\-_/#A-Za-z0-9]+)~"));
  v("logGroupIdentifier", x.logGroupIdentifier, length(1, 2048), pattern(R"~([\w#+=/:,.@-]*)~"));
  v("logStreamNamePrefix", x.logStreamNamePrefix, length(1, 512), pattern(R"~([^:*]*)~"));
  v("orderBy", x.orderBy, one_of(enums::order_by));
  v("descending", x.descending);
  v("nextToken", x.nextToken, length(1, -1));
  v("limit", x.limit, range(1, 50));
}

struct LogStream {
  std::optional<std::string> logStreamName;
  std::optional<std::int64_t> creationTime;
  std::optional<std::int64_t> firstEventTimestamp;
  std::optional<std::int64_t> lastEventTimestamp;
  std::optional<std::int64_t> lastIngestionTime;
  std::optional<std::string> uploadSequenceToken;
  std::optional<std::string> arn;
  std::optional<std::int64_t> storedBytes;
};
template <class V> void fields(V& v, LogStream& x) {
  v("logStreamName", x.logStreamName, length(1, 512), pattern(R"~([^:*]*)~"));
  v("creationTime", x.creationTime, range(0, {}));
  v("firstEventTimestamp", x.firstEventTimestamp, range(0, {}));
  v("lastEventTimestamp", x.lastEventTimestamp, range(0, {}));
  v("lastIngestionTime", x.lastIngestionTime, range(0, {}));
  v("uploadSequenceToken", x.uploadSequenceToken, length(1, -1));
  v("arn", x.arn);
  v("storedBytes", x.storedBytes, range(0, {}));
}

struct DescribeLogStreamsResponse {
  std::optional<std::vector<wire::LogStream>> logStreams;
  std::optional<std::string> nextToken;
};
template <class V> void fields(V& v, DescribeLogStreamsResponse& x) {
  v("logStreams", x.logStreams);
  v("nextToken", x.nextToken, length(1, -1));
}

struct GetLogEventsRequest {
  std::optional<std::string> logGroupName;
  std::optional<std::string> logGroupIdentifier;
  std::string logStreamName;
  std::optional<std::int64_t> startTime;
  std::optional<std::int64_t> endTime;
  std::optional<std::string> nextToken;
  std::optional<std::int64_t> limit;
  std::optional<bool> startFromHead;
  std::optional<bool> unmask;
};
template <class V> void fields(V& v, GetLogEventsRequest& x) {
  v("logGroupName", x.logGroupName, length(1, 512), pattern(R"~([\.\-_/#A-Za-z0-9]+)~"));
  v("logGroupIdentifier", x.logGroupIdentifier, length(1, 2048), pattern(R"~([\w#+=/:,.@-]*)~"));
  v("logStreamName", x.logStreamName, required, length(1, 512), pattern(R"~([^:*]*)~"));
  v("startTime", x.startTime, range(0, {}));
  v("endTime", x.endTime, range(0, {}));
  v("nextToken", x.nextToken, length(1, -1));
  v("limit", x.limit, range(1, 10000));
  v("startFromHead", x.startFromHead);
  v("unmask", x.unmask);
}

struct OutputLogEvent {
  std::optional<std::int64_t> timestamp;
  std::optional<std::string> message;
  std::optional<std::int64_t> ingestionTime;
};
template <class V> void fields(V& v, OutputLogEvent& x) {
  v("timestamp", x.timestamp, range(0, {}));
  v("message", x.message, length(1, -1));
  v("ingestionTime", x.ingestionTime, range(0, {}));
}

struct GetLogEventsResponse {
  std::optional<std::vector<wire::OutputLogEvent>> events;
  std::optional<std::string> nextForwardToken;
  std::optional<std::string> nextBackwardToken;
};
template <class V> void fields(V& v, GetLogEventsResponse& x) {
  v("events", x.events);
  v("nextForwardToken", x.nextForwardToken, length(1, -1));
  v("nextBackwardToken", x.nextBackwardToken, length(1, -1));
}

struct FilterLogEventsRequest {
  std::optional<std::string> logGroupName;
  std::optional<std::string> logGroupIdentifier;
  std::optional<std::vector<std::string>> logStreamNames;
  std::optional<std::string> logStreamNamePrefix;
  std::optional<std::int64_t> startTime;
  std::optional<std::int64_t> endTime;
  std::optional<std::string> filterPattern;
  std::optional<std::string> nextToken;
  std::optional<std::int64_t> limit;
  std::optional<bool> startFromHead;
  std::optional<bool> interleaved;
  std::optional<bool> unmask;
};
template <class V> void fields(V& v, FilterLogEventsRequest& x) {
  v("logGroupName", x.logGroupName, length(1, 512), pattern(R"~([\.\-_/#A-Za-z0-9]+)~"));
  v("logGroupIdentifier", x.logGroupIdentifier, length(1, 2048), pattern(R"~([\w#+=/:,.@-]*)~"));
  v("logStreamNames", x.logStreamNames, length(1, 100),
    each(length(1, 512), pattern(R"~([^:*]*)~")));
  v("logStreamNamePrefix", x.logStreamNamePrefix, length(1, 512), pattern(R"~([^:*]*)~"));
  v("startTime", x.startTime, range(0, {}));
  v("endTime", x.endTime, range(0, {}));
  v("filterPattern", x.filterPattern, length(0, 1024));
  v("nextToken", x.nextToken, length(1, -1));
  v("limit", x.limit, range(1, 10000));
  v("startFromHead", x.startFromHead);
  v("interleaved", x.interleaved);
  v("unmask", x.unmask);
}

struct FilteredLogEvent {
  std::optional<std::string> logStreamName;
  std::optional<std::int64_t> timestamp;
  std::optional<std::string> message;
  std::optional<std::int64_t> ingestionTime;
  std::optional<std::string> eventId;
};
template <class V> void fields(V& v, FilteredLogEvent& x) {
  v("logStreamName", x.logStreamName, length(1, 512), pattern(R"~([^:*]*)~"));
  v("timestamp", x.timestamp, range(0, {}));
  v("message", x.message, length(1, -1));
  v("ingestionTime", x.ingestionTime, range(0, {}));
  v("eventId", x.eventId);
}

struct SearchedLogStream {
  std::optional<std::string> logStreamName;
  std::optional<bool> searchedCompletely;
};
template <class V> void fields(V& v, SearchedLogStream& x) {
  v("logStreamName", x.logStreamName, length(1, 512), pattern(R"~([^:*]*)~"));
  v("searchedCompletely", x.searchedCompletely);
}

struct FilterLogEventsResponse {
  std::optional<std::vector<wire::FilteredLogEvent>> events;
  std::optional<std::vector<wire::SearchedLogStream>> searchedLogStreams;
  std::optional<std::string> nextToken;
};
template <class V> void fields(V& v, FilterLogEventsResponse& x) {
  v("events", x.events);
  v("searchedLogStreams", x.searchedLogStreams);
  v("nextToken", x.nextToken, length(1, -1));
}

}  // namespace trainyard::wire
