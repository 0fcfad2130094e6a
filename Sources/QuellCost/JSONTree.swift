import FoundationEssentials
import QuellJSON

/// A JSON document of any form, whose parts know where they are, so that what is wrong with one can be said by name.
struct JSONTree {
  indirect enum Node: Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([Node])
    case object([String: Node])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let bool = try? container.decode(Bool.self) {
        self = .bool(bool)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if let list = try? container.decode([Node].self) {
        self = .list(list)
      } else {
        self = .object(try container.decode([String: Node].self))
      }
    }
  }

  let node: Node
  /// The keys that lead here, with dots between them.
  let path: String

  /// Reads a document.
  init(_ bytes: [UInt8]) throws(CostFailure) {
    if let fault = bytes.withUnsafeBytes({ JSONSyntax.fault(in: $0) }) { throw .malformed(fault.description) }
    do {
      node = try JSONDecoder().decode(Node.self, from: Data(bytes))
    } catch {
      throw .malformed("it holds a number that does not fit where it stands")
    }
    path = ""
  }

  private init(_ node: Node, _ path: String) {
    self.node = node
    self.path = path
  }

  /// The members of an object, in the order of their keys.
  func members() throws(CostFailure) -> [(key: String, value: JSONTree)] {
    guard case .object(let members) = node else { throw wrong("an object") }
    return members.sorted { $0.key < $1.key }.map { ($0.key, JSONTree($0.value, path.isEmpty ? $0.key : path + "." + $0.key)) }
  }

  /// The members of an object by key; keys that are not among those known are refused.
  func members(of known: Set<String>) throws(CostFailure) -> [String: JSONTree] {
    var found: [String: JSONTree] = [:]
    for (key, value) in try members() {
      guard known.contains(key) else {
        throw .malformed("the key '\(value.path)' is unknown; known there: \(known.sorted().joined(separator: ", "))")
      }
      found[key] = value
    }
    return found
  }

  func number() throws(CostFailure) -> Double {
    guard case .number(let number) = node else { throw wrong("a number") }
    return number
  }

  /// More than any figure of a device, and so little that sums of products of some are finite.
  static let greatestAmount = 1e15

  /// A number of at least 0.
  func amount() throws(CostFailure) -> Double {
    let number = try number()
    guard (0...JSONTree.greatestAmount).contains(number) else {
      throw .malformed("'\(path)' is \(number), not a number from 0 to 10^15")
    }
    return number
  }

  func text() throws(CostFailure) -> String {
    guard case .text(let text) = node else { throw wrong("a text") }
    return text
  }

  func bool() throws(CostFailure) -> Bool {
    guard case .bool(let bool) = node else { throw wrong("true or false") }
    return bool
  }

  func texts() throws(CostFailure) -> [String] {
    guard case .list(let list) = node else { throw wrong("a list") }
    var texts: [String] = []
    for (index, node) in list.enumerated() { texts.append(try JSONTree(node, "\(path).\(index)").text()) }
    return texts
  }

  var isNull: Bool { if case .null = node { true } else { false } }

  private func wrong(_ wanted: String) -> CostFailure {
    .malformed("\(path.isEmpty ? "the document" : "'\(path)'") is not \(wanted)")
  }
}

extension [String: JSONTree] {
  /// A member that must be there.
  func require(_ key: String, in path: String) throws(CostFailure) -> JSONTree {
    guard let member = self[key] else { throw .malformed("'\(path.isEmpty ? key : path + "." + key)' is missing") }
    return member
  }
}
