import Foundation

@testable import Quell

/// A matrix as a file stores it, made by the obvious method, and what its bytes stand for.
struct StoredMatrix {
  /// Along which index numbers share a scale, where an operation has one.
  enum Scaling {
    case byRow
    case byColumn
  }

  let format: WeightFormat
  let rows: Int
  let columns: Int
  let bytes: Data
  /// What was stored, rounded as the format rounds, row by row.
  let numbers: [Float]
  /// What the operation multiplies by.
  let scale: [Float]?

  /// Whether rows of that length can be stored.
  static func allows(_ format: WeightFormat, columns: Int) -> Bool { columns % format.blockCount == 0 }

  init(_ numbers: [Float], columns: Int, format: WeightFormat, scaling: Scaling) {
    self.format = format
    self.columns = columns
    rows = columns == 0 ? 0 : numbers.count / columns
    var scale: [Float]?
    switch format {
    case .f32:
      self.numbers = numbers
      bytes = numbers.withUnsafeBytes { Data($0) }
    case .f16:
      let halves = numbers.map { Float16($0) }
      self.numbers = halves.map { Float($0) }
      bytes = halves.withUnsafeBytes { Data($0) }
    case .bf16:
      // To the nearest, halfway cases up.
      let halves = numbers.map { UInt16(($0.bitPattern + 0x8000) >> 16) }
      self.numbers = halves.map { Float(bitPattern: UInt32($0) << 16) }
      bytes = halves.withUnsafeBytes { Data($0) }
    case .int8:
      func place(_ index: Int) -> Int { scaling == .byRow ? index / columns : index % columns }
      var greatest = [Float](repeating: 0, count: scaling == .byRow ? rows : columns)
      for (index, number) in numbers.enumerated() { greatest[place(index)] = max(greatest[place(index)], abs(number)) }
      let scales = greatest.map { $0 == 0 ? 1 : $0 / 127 }
      let integers = numbers.enumerated().map { Int8(($1 / scales[place($0)]).rounded()) }
      self.numbers = integers.enumerated().map { Float($1) * scales[place($0)] }
      bytes = integers.withUnsafeBytes { Data($0) }
      scale = scales
    case .int4:
      var (bytes, stored) = (Data(), [Float]())
      for first in stride(from: 0, to: numbers.count, by: 32) {
        let block = numbers[first..<first + 32]
        let scale = Float16(block.max { abs($0) < abs($1) }! / -8)
        let integers = block.map { scale == 0 ? 8 : UInt8(min(max(($0 / Float(scale)).rounded() + 8, 0), 15)) }
        Swift.withUnsafeBytes(of: scale.bitPattern) { bytes.append(contentsOf: $0) }
        for index in 0..<16 { bytes.append(integers[index] | integers[index + 16] << 4) }
        stored += integers.map { (Float($0) - 8) * Float(scale) }
      }
      (self.bytes, self.numbers) = (bytes, stored)
    case .ternary:
      // The greater numbers of each row or column, as its greatest one.
      func place(_ index: Int) -> Int { scaling == .byRow ? index / columns : index % columns }
      var greatest = [Float](repeating: 0, count: scaling == .byRow ? rows : columns)
      for (index, number) in numbers.enumerated() { greatest[place(index)] = max(greatest[place(index)], abs(number)) }
      let codes = numbers.enumerated().map { abs($1) < 0.4 * greatest[place($0)] ? 0 : $1 < 0 ? -1 : 1 }
      var bytes = Data(count: numbers.count / 4)
      for (index, code) in codes.enumerated() {
        bytes[index / 64 * 16 + index % 16] |= UInt8(code + 1) << UInt8(index % 64 / 16 * 2)
      }
      (self.bytes, scale) = (bytes, greatest)
      self.numbers = codes.enumerated().map { Float($1) * greatest[place($0)] }
    }
    self.scale = scale
  }
}
