/// One question of a task: what the model is asked, and which answer is right.
///
/// Prompts are those of the task definitions of the LM Evaluation Harness [github.com/EleutherAI/lm-evaluation-harness, 0.4].
struct TaskDocument {
  /// A text whose probability is asked for after another one.
  struct Request {
    let context: String
    let continuation: String
  }

  /// One for each answer.
  let requests: [Request]
  /// Characters of each answer, as Unicode counts code points.
  let lengths: [Int]
  /// The number of the right answer.
  let answer: Int

  /// Reads a line of a task's file; `label` stands in the place of the one in the line.
  init(_ record: TaskRecord, of task: TaskKind, label: String?) throws {
    switch task {
    case .lambada: try self.init(lambada: record)
    case .piqa: try self.init(piqa: record, label)
    case .hellaswag: try self.init(hellaswag: record, label)
    case .winogrande: try self.init(winogrande: record, label)
    case .arc: try self.init(arc: record, label)
    }
  }

  /// Answers to one question.
  private init(_ context: String, answers: [String], answer: Int) {
    requests = answers.map { Request(context: context, continuation: " " + $0) }
    lengths = answers.map { $0.unicodeScalars.count }
    self.answer = answer
  }

  private init(lambada record: TaskRecord) throws {
    let text = try record.text("text")
    let lastSpace = text.unicodeScalars.lastIndex(of: " ")
    let context = lastSpace.map { String(text[..<$0]) } ?? ""
    let word = lastSpace.map { String(text[$0...]) } ?? " " + text
    requests = [Request(context: context, continuation: word)]
    lengths = [word.unicodeScalars.count]
    answer = 0
  }

  private init(piqa record: TaskRecord, _ label: String?) throws {
    let answers = [try record.text("sol1"), try record.text("sol2")]
    self.init(
      "Question: \(try record.text("goal"))\nAnswer:", answers: answers,
      answer: try record.number("label", label, below: answers.count))
  }

  private init(hellaswag record: TaskRecord, _ label: String?) throws {
    let scene = try record.text("ctx_a") + " " + HellaSwagText.capitalized(record.text("ctx_b"))
    let answers = try record.texts("endings").map(HellaSwagText.cleaned)
    self.init(
      HellaSwagText.cleaned(try record.text("activity_label") + ": " + scene), answers: answers,
      answer: try record.number("label", label, below: answers.count))
  }

  /// The options stand in the contexts, and what follows them is the same for both.
  private init(winogrande record: TaskRecord, _ label: String?) throws {
    let sentence = try record.text("sentence")
    guard let gap = sentence.unicodeScalars.firstIndex(of: "_") else { throw record.malformed("'sentence' has no '_' to be filled") }
    let rest = PythonText.stripped(String(sentence[sentence.unicodeScalars.index(after: gap)...]))
    requests = try ["option1", "option2"].map { option in
      Request(context: String(sentence[..<gap]) + (try record.text(option)), continuation: " " + rest)
    }
    lengths = requests.map { $0.context.unicodeScalars.count }
    answer = try record.number("answer", label, below: 3, from: 1) - 1
  }

  /// The published files hold choices as a list of records below the question; other copies as two lists beside it.
  private init(arc record: TaskRecord, _ label: String?) throws {
    let question: String
    let choices: [(label: String, text: String)]
    if let published = record.record("question") {
      question = try published.text("stem")
      choices = try published.records("choices").map { (try $0.text("label"), try $0.text("text")) }
    } else {
      question = try record.text("question")
      guard let lists = record.record("choices") else { throw record.malformed("the key 'choices' is missing or has the wrong type") }
      let (labels, texts) = (try lists.texts("label"), try lists.texts("text"))
      guard labels.count == texts.count else { throw record.malformed("'choices' has \(texts.count) texts and \(labels.count) labels") }
      choices = Array(zip(labels, texts))
    }
    let key = try label ?? record.text("answerKey")
    guard let answer = choices.firstIndex(where: { $0.label == key }) else { throw record.malformed("no choice has the label '\(key)'") }
    self.init("Question: \(question)\nAnswer:", answers: choices.map(\.text), answer: answer)
  }
}
