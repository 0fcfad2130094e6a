import Foundation

/// A JSON object of a task's file, whose values are asked for by key.
struct TaskRecord {
  /// Where the object stands, for messages.
  private let place: String
  private let values: [String: Any]

  private init(_ values: [String: Any], place: String) {
    self.values = values
    self.place = place
  }

  /// The objects of a file with one on each line; empty lines are passed over.
  static func read(_ path: String) throws -> [TaskRecord] {
    let lines = try Files.read(path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var records: [TaskRecord] = []
    for (number, line) in lines.enumerated() where !line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) {
      let place = "'\(path)', line \(number + 1)"
      guard let values = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
        throw CommandFailure(.malformed, "\(place): it is no JSON object")
      }
      records.append(TaskRecord(values, place: place))
    }
    guard !records.isEmpty else { throw CommandFailure(.malformed, "'\(path)' holds no documents") }
    return records
  }

  /// The text of a key.
  func text(_ key: String) throws -> String { try value(key) { $0 as? String } }

  /// The texts of a key.
  func texts(_ key: String) throws -> [String] { try value(key) { $0 as? [String] } }

  /// The objects of a key.
  func records(_ key: String) throws -> [TaskRecord] {
    try value(key) { ($0 as? [[String: Any]])?.map { TaskRecord($0, place: place) } }
  }

  /// The object of a key, nil where there is something else or nothing.
  func record(_ key: String) -> TaskRecord? { (values[key] as? [String: Any]).map { TaskRecord($0, place: place) } }

  /// A whole number, written as one or as text, `given` in the place of the key's.
  func number(_ key: String, _ given: String?, below end: Int, from start: Int = 0) throws -> Int {
    let found = try given.map { Int($0) } ?? value(key) { ($0 as? Int) ?? ($0 as? String).flatMap { Int($0) } }
    guard let found, (start..<end).contains(found) else { throw malformed("'\(key)' is not a number from \(start) to \(end - 1)") }
    return found
  }

  /// A failure that names the place.
  func malformed(_ why: String) -> CommandFailure { CommandFailure(.malformed, "\(place): \(why)") }

  private func value<Value>(_ key: String, _ convert: (Any) -> Value?) throws -> Value {
    guard let value = values[key].flatMap(convert) else { throw malformed("the key '\(key)' is missing or has the wrong type") }
    return value
  }
}
