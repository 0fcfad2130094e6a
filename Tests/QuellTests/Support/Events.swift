@testable import Quell

/// An event list over memory of its own.
final class Events {
  private(set) var list: EventList
  private let indices: UnsafeMutablePointer<UInt32>
  private let numbers: UnsafeMutablePointer<Float>

  init(_ source: [Float], threshold: Float, _ instructionSet: InstructionSet = .portable) {
    let room = source.count + EventList.padding
    indices = .allocate(capacity: room)
    numbers = .allocate(capacity: 2 * room)
    list = EventList(indices: indices, values: numbers, dense: numbers + room)
    list.detect(source, count: source.count, threshold: threshold, try! instructionSet.kernels())
    list.makeDense()
  }

  /// Every input is an event, zeros too.
  convenience init(all source: [Float]) {
    // A NaN fires whatever the threshold: detect NaNs, then put the inputs in their places.
    self.init([Float](repeating: .nan, count: source.count), threshold: 0)
    for index in source.indices { list.values[index] = source[index] }
    list.makeDense()
  }

  deinit {
    indices.deallocate()
    numbers.deallocate()
  }

  var fired: [Int] { (0..<list.count).map { Int(indices[$0]) } }
  var carried: [Float] { (0..<list.count).map { numbers[$0] } }
}
