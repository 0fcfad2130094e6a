/// A linear operation over a matrix that has one contiguous row per input.
enum LinearInputMajor {
  /// How many rows one pass over the result adds: enough that loading and storing the result is small beside reading weights.
  private static let group = 8

  /// result[o] += sum over events e of matrix[e.index][o] * e.value, the events in order; rows begin `stride` bytes apart.
  ///
  /// Every output adds its events one after another, so leaving out an event that carries zero changes no bit of the result.
  @inline(__always)
  static func add<Element: WeightElement>(
    _: Element.Type, _ matrix: UnsafeRawPointer, stride: Int, outputs: Int, _ indices: UnsafePointer<UInt32>,
    _ values: UnsafePointer<Float>, events: Int, to result: UnsafeMutablePointer<Float>
  ) {
    guard ElementVector.areRegisters else {
      return LinearScalar.addRows(Element.self, matrix, stride: stride, outputs: outputs, indices, values, events: events, to: result)
    }
    var event = 0
    while event &+ group <= events {
      addGroup(Element.self, matrix, stride, outputs, indices + event, values + event, result)
      event &+= group
    }
    while event < events {
      addRow(Element.self, matrix + Int(indices[event]) &* stride, outputs, values[event], result)
      event &+= 1
    }
  }

  @inline(__always)
  private static func addGroup<Element: WeightElement>(
    _: Element.Type, _ matrix: UnsafeRawPointer, _ rowBytes: Int, _ outputs: Int, _ index: UnsafePointer<UInt32>,
    _ value: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>
  ) {
    let (row0, row1) = (matrix + Int(index[0]) &* rowBytes, matrix + Int(index[1]) &* rowBytes)
    let (row2, row3) = (matrix + Int(index[2]) &* rowBytes, matrix + Int(index[3]) &* rowBytes)
    let (row4, row5) = (matrix + Int(index[4]) &* rowBytes, matrix + Int(index[5]) &* rowBytes)
    let (row6, row7) = (matrix + Int(index[6]) &* rowBytes, matrix + Int(index[7]) &* rowBytes)
    // Read once: the compiler cannot know that the result does not overlap the events.
    let (value0, value1, value2, value3) = (value[0], value[1], value[2], value[3])
    let (value4, value5, value6, value7) = (value[4], value[5], value[6], value[7])
    var output = 0
    while output &+ 8 <= outputs {
      let place = UnsafeMutableRawPointer(result + output)
      var sum = place.loadUnaligned(as: SIMD8<Float>.self)
      sum += Element.load8(row0, output) * value0
      sum += Element.load8(row1, output) * value1
      sum += Element.load8(row2, output) * value2
      sum += Element.load8(row3, output) * value3
      sum += Element.load8(row4, output) * value4
      sum += Element.load8(row5, output) * value5
      sum += Element.load8(row6, output) * value6
      sum += Element.load8(row7, output) * value7
      place.storeBytes(of: sum, as: SIMD8<Float>.self)
      output &+= 8
    }
    while output < outputs {
      for each in 0..<group {
        let row = matrix + Int(index[each]) &* rowBytes
        result[output] += Element.load(row, output) * value[each]
      }
      output &+= 1
    }
  }

  @inline(__always)
  private static func addRow<Element: WeightElement>(
    _: Element.Type, _ row: UnsafeRawPointer, _ outputs: Int, _ value: Float, _ result: UnsafeMutablePointer<Float>
  ) {
    var output = 0
    while output &+ 8 <= outputs {
      let place = UnsafeMutableRawPointer(result + output)
      let sum = place.loadUnaligned(as: SIMD8<Float>.self) + Element.load8(row, output) * value
      place.storeBytes(of: sum, as: SIMD8<Float>.self)
      output &+= 8
    }
    while output < outputs {
      result[output] += Element.load(row, output) * value
      output &+= 1
    }
  }
}
