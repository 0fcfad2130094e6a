import CQuell

/// A linear operation for one token or several, cut into parts that different threads can do.
struct LinearParts {
  /// Parts begin at multiples of this many outputs: a line of the cache in every format, and whole blocks of integers.
  static let granule = 64

  /// As much of a matrix as stays in a second-level cache while it serves one token after the other.
  private static let blockBytes = 128 << 10
  /// More outputs than this leave the first-level cache with every row; they are done in tiles.
  private static let mostOutputs = 12288
  private static let tileOutputs = 4096
  /// A shorter piece of a row is no longer read at the speed of memory.
  private static let leastRowBytes = 512
  /// Less work than this is done before another thread has noticed it.
  private static let leastSharedBytes = 64 << 10
  /// So that a thread that the system puts aside holds up only a part.
  private static let partsPerThread = 4

  let linear: Linear
  /// The tokens' lists of events and results.
  let lanes: UnsafeMutableBufferPointer<Lane>
  /// Where the result is within a lane's scratch memory; elsewhere it is `single`.
  let offset: Int
  /// Where the result of a single token is.
  let single: UnsafeMutablePointer<Float>?
  /// Outputs of a part.
  private let length: Int

  init(
    _ linear: Linear, _ lanes: UnsafeMutableBufferPointer<Lane>, offset: Int, single: UnsafeMutablePointer<Float>?, threads: Int
  ) {
    self.linear = linear
    self.lanes = lanes
    self.offset = offset
    self.single = single
    length = LinearParts.length(linear, lanes, threads: threads)
  }

  /// How many parts there are.
  var count: Int { (linear.outputs + length - 1) / length }

  /// Does all parts, with the help of `workers` where there are any.
  @_optimize(speed)
  func run(_ workers: OpaquePointer?) {
    guard let workers, count > 1 else {
      for part in 0..<count { run(part: part) }
      return
    }
    withUnsafePointer(to: self) { parts in
      let work: quell_work = { context, part in
        context!.assumingMemoryBound(to: LinearParts.self).pointee.run(part: Int(part))
      }
      quell_workers_run(workers, work, UnsafeMutableRawPointer(mutating: parts), UInt32(count))
    }
  }

  private func run(part number: Int) {
    let part = number * length..<min((number + 1) * length, linear.outputs)
    if lanes.count == 1 { return linear.run(lanes[0].events, result(0), part) }
    switch linear.layout {
    case .inputMajor: runRows(part)
    case .outputMajor: runOutputs(part)
    }
  }

  /// Some rows at a time serve all tokens for which their inputs fired.
  @_optimize(speed)
  private func runRows(_ part: Range<Int>) {
    let inputs = lanes[0].events.inputs
    let rows = max(LinearParts.blockBytes / max(part.count * linear.matrix.rowBytes / linear.outputs, 1), 8)
    for lane in 0..<lanes.count { linear.begin(result(lane), part) }
    var first = 0
    while first < inputs {
      let end = min(first + rows, inputs)
      for lane in 0..<lanes.count { linear.add(lanes[lane].events, first..<end, to: result(lane), part) }
      first = end
    }
    for lane in 0..<lanes.count { linear.finish(result(lane), part) }
  }

  /// Some outputs at a time are made for all tokens.
  @_optimize(speed)
  private func runOutputs(_ part: Range<Int>) {
    let outputs = max(LinearParts.blockBytes / max(linear.matrix.rowBytes, 1), 4)
    var first = part.lowerBound
    while first < part.upperBound {
      let some = first..<min(first + outputs, part.upperBound)
      for lane in 0..<lanes.count { linear.run(lanes[lane].events, result(lane), some) }
      first = some.upperBound
    }
  }

  private func result(_ lane: Int) -> UnsafeMutablePointer<Float> { single ?? lanes[lane].scratch + offset }

  private static func length(_ linear: Linear, _ lanes: UnsafeMutableBufferPointer<Lane>, threads: Int) -> Int {
    let outputs = linear.outputs
    let tile = outputs > mostOutputs && linear.layout == .inputMajor ? tileOutputs : max(outputs, 1)
    guard threads > 1 else { return tile }
    var rowsRead = 0
    for lane in 0..<lanes.count { rowsRead += linear.layout == .inputMajor ? lanes[lane].events.count : outputs }
    guard rowsRead * linear.matrix.rowBytes >= leastSharedBytes else { return tile }
    var parts = threads * partsPerThread
    if linear.layout == .inputMajor {
      parts = threads * min(max(linear.matrix.rowBytes / (leastRowBytes * threads), 1), partsPerThread)
    }
    let length = (outputs + parts - 1) / parts
    // No more parts than the workers can count, whatever a file asks for.
    let least = (outputs + Int(QUELL_MOST_PARTS) - 1) / Int(QUELL_MOST_PARTS)
    return max(min((length + granule - 1) / granule * granule, tile), (least + granule - 1) / granule * granule)
  }
}
