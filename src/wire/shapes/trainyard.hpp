#pragma once
/// Operations of this service's own, JSON 1.1 like SageMaker's: X-Amz-Target "Trainyard.NAME".

#include "wire/fields.hpp"

#include <string>
#include <vector>

namespace trainyard::wire {

/// Why: what a job waits for, where its time goes, or why it failed, in one sentence. Asked like
/// DescribeTrainingJob.
struct WhyResponse {
  std::string TrainingJobStatus, Sentence;
};
template <class V> void fields(V& v, WhyResponse& r) {
  v("TrainingJobStatus", r.TrainingJobStatus);
  v("Sentence", r.Sentence);
}

struct EnvironmentSummary {
  std::string Name, Python, PythonVersion, Frameworks;
};
template <class V> void fields(V& v, EnvironmentSummary& e) {
  v("Name", e.Name);
  v("Python", e.Python);
  v("PythonVersion", e.PythonVersion);
  v("Frameworks", e.Frameworks);
}

struct ListEnvironmentsResponse {
  std::vector<EnvironmentSummary> Environments;
};
template <class V> void fields(V& v, ListEnvironmentsResponse& r) {
  v("Environments", r.Environments);
}

/// ExplainImage: which environment would run for an image URI, and why.
struct ExplainImageRequest {
  std::string Image;
};
template <class V> void fields(V& v, ExplainImageRequest& r) {
  v("Image", r.Image, required, length(1, 255));
}
struct ExplainImageResponse {
  std::string Environment;  ///< its name; empty where none would run
  std::string Sentence;
};
template <class V> void fields(V& v, ExplainImageResponse& r) {
  v("Environment", r.Environment);
  v("Sentence", r.Sentence);
}

}  // namespace trainyard::wire
