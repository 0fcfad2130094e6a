import CQuell

/// The events of a site: which inputs fired, in ascending order, and what they carry.
struct EventList {
  /// Room after the last event, so that a kernel may store more than there are.
  static let padding = 16

  /// The inputs that fired.
  let indices: UnsafeMutablePointer<UInt32>
  /// What each of them carries.
  let values: UnsafeMutablePointer<Float>
  /// The inputs with zeros where nothing fired, for kernels that walk whole rows, once ``makeDense()`` has put them there.
  let dense: UnsafeMutablePointer<Float>
  /// How many inputs the site has.
  private(set) var inputs = 0
  /// How many fired.
  private(set) var count = 0

  init(indices: UnsafeMutablePointer<UInt32>, values: UnsafeMutablePointer<Float>, dense: UnsafeMutablePointer<Float>) {
    self.indices = indices
    self.values = values
    self.dense = dense
  }

  /// Whether every event carries 1 or -1, so that its weights need but be added. The first that does not ends the search.
  var isBinary: Bool {
    for index in 0..<count where abs(values[index]) != 1 { return false }
    return count > 0
  }

  /// Makes what events carry whole numbers of 8 bits: the nearest, the even one of two, at most at the ends of the range; 0 where it is no
  /// number. Their products with ternary numbers then add up without rounding, in any order.
  @_optimize(speed)
  func makeWhole() {
    // In a loop of its own, which compilers take several elements at a time.
    for event in 0..<count {
      let value = values[event]
      let number: Float = value == value ? value : 0
      let notTooSmall: Float = number > -128 ? number : -128
      let bounded: Float = notTooSmall < 127 ? notTooSmall : 127
      values[event] = (bounded + 0x1.8p23) - 0x1.8p23
    }
  }

  /// Puts what events carry where whole rows are walked.
  @_optimize(speed)
  func makeDense() {
    dense.update(repeating: 0, count: inputs)
    for event in 0..<count { dense[Int(indices[event])] = values[event] }
  }

  /// The places in the list of the events among some inputs.
  func range(of inputs: Range<Int>) -> Range<Int> { place(of: inputs.lowerBound)..<place(of: inputs.upperBound) }

  /// How many events come before an input.
  private func place(of input: Int) -> Int {
    if input == 0 { return 0 }
    if input == inputs { return count }
    var (low, high) = (0, count)
    while low < high {
      let middle = (low &+ high) &>> 1
      if Int(indices[middle]) < input { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// Lists every input whose magnitude is above the threshold; a NaN fires.
  ///
  /// The inputs may come in parts, in order: one that begins at 0 begins a new list.
  ///
  /// The magnitudes of floats order like their bits as integers, so the comparison is one subtraction whose sign moves the end
  /// of the list: a branch here would be mispredicted at every other input.
  @_optimize(speed)
  mutating func detect(
    _ source: UnsafePointer<Float>, from first: Int = 0, count: Int, threshold: Float, _ kernels: UnsafePointer<quell_kernels>?
  ) {
    inputs = first + count
    let start = first == 0 ? 0 : self.count
    if let kernels {
      self.count = start + kernels.pointee.detect(source, first, count, threshold, indices + start, values + start)
      return
    }
    let limit = threshold.bitPattern
    var end = start
    for place in 0..<count {
      let index = first &+ place
      let value = source[place]
      let fires = (limit &- (value.bitPattern & 0x7fff_ffff)) &>> 31
      indices[end] = UInt32(truncatingIfNeeded: index)
      values[end] = value
      end &+= Int(truncatingIfNeeded: fires)
    }
    self.count = end
  }
}
