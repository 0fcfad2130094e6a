// Goes on with a text. C++17; handles close themselves, and a status that is no success becomes an exception.
//
//   g++ -std=c++17 generate.cpp $(pkg-config --cflags --libs quell) -o generate
//   ./generate model.gguf "Once upon a time" 64
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <quell.h>
#include <stdexcept>
#include <string>
#include <vector>

struct Closer {
  void operator()(quell_model *model) const { quell_model_close(model); }
  void operator()(quell_session *session) const { quell_session_close(session); }
};
using Model = std::unique_ptr<quell_model, Closer>;
using Session = std::unique_ptr<quell_session, Closer>;

// The last argument of a call: what it tells of a failure is thrown.
class Failure {
public:
  Failure() { error_.struct_size = sizeof error_; }
  operator quell_error *() { return &error_; }
  void check(quell_status status) const {
    if (status != QUELL_OK)
      throw std::runtime_error(error_.message);
  }

private:
  quell_error error_{};
};

static Model open_model(const char *path) {
  Failure failure;
  quell_model *model = nullptr;
  failure.check(quell_model_open_file(path, &model, failure));
  return Model(model);
}

static Session make_session(Model &model) {
  Failure failure;
  quell_session *session = nullptr;
  failure.check(quell_session_create(model.get(), nullptr, &session, failure));
  return Session(session);
}

static std::vector<uint32_t> encode(const Model &model, const std::string &text) {
  Failure failure;
  uint64_t count = 0;
  // Too little room is what the first call is for.
  quell_status status = quell_model_encode(model.get(), text.data(), text.size(), nullptr, 0, &count, failure);
  if (status != QUELL_BUFFER_TOO_SMALL)
    failure.check(status);
  std::vector<uint32_t> tokens(count);
  failure.check(quell_model_encode(model.get(), text.data(), text.size(), tokens.data(), count, &count, failure));
  return tokens;
}

// Prints the text of a token, unless it is one that only steers the model.
static void print(const Model &model, uint32_t token) {
  if (quell_model_token_is_control(model.get(), token))
    return;
  Failure failure;
  const char *bytes = nullptr;
  uint64_t size = 0;
  failure.check(quell_model_token_bytes(model.get(), token, &bytes, &size, failure));
  std::fwrite(bytes, 1, size, stdout);
  std::fflush(stdout);
}

static void generate(Model &model, const std::string &prompt, unsigned long limit,
                     const quell_sampler_options &options) {
  Failure failure;
  Session session = make_session(model);
  quell_sampler sampler;
  failure.check(quell_sampler_initialize(&sampler, &options, failure));
  std::vector<uint32_t> tokens = encode(model, prompt);
  failure.check(quell_session_prefill(session.get(), tokens.data(), tokens.size(), failure));
  for (uint32_t token : tokens)
    print(model, token);
  for (unsigned long made = 0; made < limit; made++) {
    uint32_t token = 0;
    failure.check(quell_session_sample(session.get(), &sampler, &token, failure));
    if (token == quell_model_end_token(model.get()))
      break;
    print(model, token);
    if (made + 1 == limit || quell_session_position(session.get()) == quell_session_capacity(session.get()))
      break;
    failure.check(quell_session_step(session.get(), token, failure));
  }
  std::putchar('\n');
}

int main(int argc, char **argv) {
  if (argc < 4 || argc > 6) {
    std::fprintf(stderr, "usage: generate model prompt count [temperature [seed]]\n");
    return 2;
  }
  quell_sampler_options options{};
  options.struct_size = sizeof options;
  options.temperature = argc > 4 ? std::strtof(argv[4], nullptr) : 0;
  options.seed = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 0;
  try {
    Model model = open_model(argv[1]);
    generate(model, argv[2], std::strtoul(argv[3], nullptr, 10), options);
  } catch (const std::exception &exception) {
    std::fprintf(stderr, "generate: %s\n", exception.what());
    return 1;
  }
  return 0;
}
