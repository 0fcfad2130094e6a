import Foundation

/// Builds a GGUF file byte by byte, right or wrong as a test asks: independent of the importer's writer.
struct FileBuilder {
  enum Number {
    case uint32(UInt32)
    case string(String)
    case bool(Bool)
    case uint32s([UInt32])
    case float32s([Float])
    case int32s([Int32])
    case strings([String])
  }

  struct Tensor {
    var name: String
    /// Fastest first.
    var dimensions: [UInt64]
    var type: UInt32
    var data: Data

    static func f32(_ name: String, _ dimensions: [Int], _ numbers: [Float]) -> Tensor {
      Tensor(name: name, dimensions: dimensions.map(UInt64.init), type: 0, data: numbers.withUnsafeBytes { Data($0) })
    }

    static func matrix(_ name: String, _ matrix: StoredMatrix) -> Tensor {
      let isTernary = matrix.format == .ternary
      let dimensions = [UInt64(isTernary ? matrix.columns / 4 : matrix.columns), UInt64(matrix.rows)]
      let type = isTernary ? .int8 : matrix.format
      return Tensor(name: name, dimensions: dimensions, type: type.rawValue, data: matrix.bytes)
    }
  }

  var magic = Data("GGUF".utf8)
  var version: UInt32 = 3
  var keys: [(String, Number)] = []
  var tensors: [Tensor] = []

  subscript(key: String) -> Number? {
    get { keys.first { $0.0 == key }?.1 }
    set {
      keys.removeAll { $0.0 == key }
      if let newValue { keys.append((key, newValue)) }
    }
  }

  /// The file. Its memory may be unaligned: use ``AlignedBytes``.
  func build() -> Data {
    var file = magic
    file.append(version)
    file.append(UInt64(tensors.count))
    file.append(UInt64(keys.count))
    for (key, value) in keys {
      file.append(key)
      file.append(value)
    }
    var offset: UInt64 = 0
    for tensor in tensors {
      file.append(tensor.name)
      file.append(UInt32(tensor.dimensions.count))
      for dimension in tensor.dimensions { file.append(dimension) }
      file.append(tensor.type)
      file.append(offset)
      offset += UInt64((tensor.data.count + 63) / 64 * 64)
    }
    for tensor in tensors {
      file.pad(to: 64)
      file.append(tensor.data)
    }
    return file
  }
}

extension Data {
  fileprivate mutating func append<Integer: FixedWidthInteger>(_ number: Integer) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    append(Data(text.utf8))
  }

  fileprivate mutating func append(_ value: FileBuilder.Number) {
    func array(_ type: UInt32, _ count: Int) {
      append(UInt32(9))
      append(type)
      append(UInt64(count))
    }
    switch value {
    case .uint32(let number):
      append(UInt32(4))
      append(number)
    case .bool(let flag):
      append(UInt32(7))
      append(flag ? 1 : 0 as UInt8)
    case .string(let text):
      append(UInt32(8))
      append(text)
    case .uint32s(let numbers):
      array(4, numbers.count)
      for number in numbers { append(number) }
    case .int32s(let numbers):
      array(5, numbers.count)
      for number in numbers { append(number) }
    case .float32s(let numbers):
      array(6, numbers.count)
      for number in numbers { append(number.bitPattern) }
    case .strings(let texts):
      array(8, texts.count)
      for text in texts { append(text) }
    }
  }

  fileprivate mutating func pad(to alignment: Int) {
    append(Data(count: (alignment - count % alignment) % alignment))
  }
}

/// Bytes at an address that is a multiple of 64, as a mapped file has them.
final class AlignedBytes {
  let bytes: UnsafeMutableRawBufferPointer

  init(_ data: Data) {
    bytes = .allocate(byteCount: data.count, alignment: 64)
    data.copyBytes(to: bytes)
  }

  deinit { bytes.deallocate() }
}
