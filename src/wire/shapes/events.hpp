#pragma once
/// What is told of jobs, in the shape of EventBridge's events, and the operation that lists them.

#include "wire/fields.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

/// An event as EventBridge delivers it; Times of `detail` are milliseconds there.
template <class Detail> struct EventEnvelope {
  std::string version = "0";
  std::string id;  ///< a UUID
  std::string detail_type;
  std::string source;
  std::string account;
  std::string time;  ///< "2026-11-23T19:26:52Z"
  std::string region;
  std::vector<std::string> resources;  ///< the job's ARN
  Detail detail{};
};
template <class V, class Detail> void fields(V& v, EventEnvelope<Detail>& e) {
  v("version", e.version);
  v("id", e.id);
  v("detail-type", e.detail_type);
  v("source", e.source);
  v("account", e.account);
  v("time", e.time);
  v("region", e.region);
  v("resources", e.resources);
  v("detail", e.detail);
}

/// detail of a "Trainyard Job Alarm".
struct JobAlarm {
  std::string TrainingJobName;
  std::string Alarm;    ///< for programs: "CheckpointStall"
  std::string Message;  ///< a sentence for people
};
template <class V> void fields(V& v, JobAlarm& a) {
  v("TrainingJobName", a.TrainingJobName);
  v("Alarm", a.Alarm);
  v("Message", a.Message);
}

/// Of any event's detail what a line for people shows.
struct EventDetail {
  std::string TrainingJobName;
  std::string TrainingJobStatus, SecondaryStatus;
  std::optional<std::string> FailureReason;
  struct Transition {
    std::string StatusMessage;
  };
  std::vector<Transition> SecondaryStatusTransitions;
  std::string Alarm, Message;
};
template <class V> void fields(V& v, EventDetail::Transition& t) {
  v("StatusMessage", t.StatusMessage);
}
template <class V> void fields(V& v, EventDetail& d) {
  v("TrainingJobName", d.TrainingJobName);
  v("TrainingJobStatus", d.TrainingJobStatus);
  v("SecondaryStatus", d.SecondaryStatus);
  v("FailureReason", d.FailureReason);
  v("SecondaryStatusTransitions", d.SecondaryStatusTransitions);
  v("Alarm", d.Alarm);
  v("Message", d.Message);
}

/// ListEvents: the last events there are, or those behind one. AwaitEvents: the same, and when
/// there are none the answer comes with the next, or within 20 s.
struct ListEventsRequest {
  std::int64_t MaxResults = 20;
  std::optional<std::string> TrainingJobName;  ///< of this job alone
  std::optional<std::int64_t> After;           ///< Last of an answer before
};
template <class V> void fields(V& v, ListEventsRequest& r) {
  v("MaxResults", r.MaxResults, range(1, 100));
  v("TrainingJobName", r.TrainingJobName, length(1, 63));
  v("After", r.After, range(0, {}));
}
struct ListEventsResponse {
  std::vector<std::string> Events;  ///< in order; each the JSON that webhooks get
  std::int64_t Last = 0;
};
template <class V> void fields(V& v, ListEventsResponse& r) {
  v("Events", r.Events);
  v("Last", r.Last);
}

}  // namespace trainyard::wire
